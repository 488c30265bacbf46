//! The keys of a process: a file outside the database, versioned by purpose.
//!
//! ```toml
//! [[key]]
//! purpose = "code"
//! version = 1
//! secret = "base64 of 32 bytes"
//! ```
//!
//! The current key of a purpose is the one with the highest version; older ones stay to read what they sealed. The file
//! must be readable by its owner alone.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::certs::write_private;
use super::crypto::Key;

/// What a key is for. No process holds keys for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// MACs of enrollment codes and the wrapping of batch secrets.
    Code,
    /// Blind indexes, reference MACs and confirmation codes.
    Index,
    /// The wrapping of campaign keys, under which personal data is sealed.
    Person,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 3] = [Self::Code, Self::Index, Self::Person];

    /// Gives the name in the file and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Index => "index",
            Self::Person => "person",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is wrong with a keyring. The messages say what to type; none shows a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file is not there.
    #[error("there is no keyring {}; make one: redress keys init {}", .path.display(), .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file or its directory cannot be read or written.
    #[error("the keyring {} cannot be read or written: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Others than the owner can read the file.
    #[error("the keyring {} is open to others (mode {mode:03o}); close it: chmod 600 {}", .path.display(), .path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// The mode that it has.
        mode: u32,
    },
    /// The file is not a keyring.
    #[error("the keyring {} is damaged: {problem}; restore it from its backup, never make a new one over it", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, without a key.
        problem: String,
    },
    /// No key has this purpose.
    #[error("the keyring {} has no {purpose} key; add one: redress keys init {} --purpose {purpose}", .path.display(), .path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
        /// The purpose.
        purpose: Purpose,
    },
    /// No key has this purpose and version.
    #[error("the keyring {} has no {purpose} key of version {version}, which stored data needs; restore the file that had it", .path.display())]
    NoVersion {
        /// The file.
        path: PathBuf,
        /// The purpose.
        purpose: Purpose,
        /// The version.
        version: i32,
    },
}

/// Gives keys by purpose and version; behind it may stand a file or a key service.
pub trait KeyProvider: Send + Sync {
    /// Gives the key for new data and its version.
    fn current(&self, purpose: Purpose) -> Result<(i32, Key), KeyError>;

    /// Gives the key of a version, to read old data.
    fn get(&self, purpose: Purpose, version: i32) -> Result<Key, KeyError>;

    /// Gives the versions that exist, oldest first.
    fn versions(&self, purpose: Purpose) -> Vec<i32>;
}

/// A keyring in memory, loaded from a file or made new.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    path: PathBuf,
    keys: BTreeMap<(Purpose, i32), Key>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    key: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    purpose: Purpose,
    version: i32,
    secret: String,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl Keyring {
    /// Makes a first key for each purpose.
    #[must_use]
    pub fn generate(purposes: &[Purpose]) -> Self {
        let mut ring = Self::default();
        for purpose in purposes {
            ring.rotate(*purpose);
        }
        ring
    }

    /// Loads a file that only its owner can read.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let io = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => KeyError::Missing { path: path.into() },
            _ => KeyError::Io {
                path: path.into(),
                source,
            },
        };
        let mode = fs::metadata(path).map_err(io)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed {
                path: path.into(),
                mode,
            });
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(io)?);
        let keys = parse(&text).map_err(|problem| KeyError::Damaged {
            path: path.into(),
            problem,
        })?;
        Ok(Self {
            path: path.into(),
            keys,
        })
    }

    /// Writes the file so that it is there whole or not at all, readable by its owner alone.
    pub fn save(&self, path: &Path) -> Result<(), KeyError> {
        write_private(path, self.to_text().as_bytes()).map_err(|source| KeyError::Io {
            path: path.into(),
            source,
        })
    }

    /// Adds a key to a purpose and makes it the current one; gives its version.
    pub fn rotate(&mut self, purpose: Purpose) -> i32 {
        let version = self.versions(purpose).last().map_or(1, |last| last + 1);
        self.keys.insert((purpose, version), Key::generate());
        version
    }

    /// Gives the purposes that have a key.
    pub fn purposes(&self) -> Vec<Purpose> {
        let all = Purpose::ALL.into_iter();
        all.filter(|purpose| !self.versions(*purpose).is_empty())
            .collect()
    }

    /// Gives a keyring with the keys of some purposes only, for one process.
    #[must_use]
    pub fn only(&self, purposes: &[Purpose]) -> Self {
        let keys = self.keys.iter();
        let keys = keys.filter(|((purpose, _), _)| purposes.contains(purpose));
        Self {
            path: self.path.clone(),
            keys: keys.map(|(at, key)| (*at, key.clone())).collect(),
        }
    }

    /// Fails unless every purpose has a key; called at start.
    pub fn require(&self, purposes: &[Purpose]) -> Result<(), KeyError> {
        purposes
            .iter()
            .try_for_each(|purpose| self.current(*purpose).map(drop))
    }

    fn to_text(&self) -> Zeroizing<String> {
        let entries = self.keys.iter();
        let file = File {
            key: entries
                .map(|((purpose, version), key)| Entry {
                    purpose: *purpose,
                    version: *version,
                    secret: BASE64.encode(key.expose()),
                })
                .collect(),
        };
        let text = toml::to_string(&file).expect("a keyring is a plain table");
        Zeroizing::new(format!(
            "# Keys of Redress. Keep a backup apart from the database's.\n\n{text}"
        ))
    }
}

fn parse(text: &str) -> Result<BTreeMap<(Purpose, i32), Key>, String> {
    // The parser's own message would repeat the line, and with it the key.
    let file: File = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = text.get(..at).unwrap_or("").matches('\n').count() + 1;
        format!("line {line} is not what a keyring holds")
    })?;
    let mut keys = BTreeMap::new();
    for entry in &file.key {
        let (purpose, version) = (entry.purpose, entry.version);
        let bytes = BASE64.decode(entry.secret.as_bytes()).map(Zeroizing::new);
        let key = bytes.ok().and_then(|bytes| Key::from_slice(&bytes));
        let key = key.ok_or_else(|| {
            format!(
                "the {purpose} key of version {version} is not base64 of {} bytes",
                Key::LEN
            )
        })?;
        if version < 1 {
            return Err(format!(
                "a {purpose} key has version {version}; versions start at 1"
            ));
        }
        if keys.insert((purpose, version), key).is_some() {
            return Err(format!(
                "the {purpose} key of version {version} stands there twice"
            ));
        }
    }
    Ok(keys)
}

impl KeyProvider for Keyring {
    fn current(&self, purpose: Purpose) -> Result<(i32, Key), KeyError> {
        let mut range = self.keys.range((purpose, i32::MIN)..=(purpose, i32::MAX));
        let ((_, version), key) = range.next_back().ok_or_else(|| KeyError::NoKey {
            path: self.path.clone(),
            purpose,
        })?;
        Ok((*version, key.clone()))
    }

    fn get(&self, purpose: Purpose, version: i32) -> Result<Key, KeyError> {
        let key = self.keys.get(&(purpose, version)).cloned();
        key.ok_or_else(|| KeyError::NoVersion {
            path: self.path.clone(),
            purpose,
            version,
        })
    }

    fn versions(&self, purpose: Purpose) -> Vec<i32> {
        let range = self.keys.range((purpose, i32::MIN)..=(purpose, i32::MAX));
        range.map(|((_, version), _)| *version).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(ring: &Keyring) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.toml");
        ring.save(&path).unwrap();
        (dir, path)
    }

    #[test]
    fn a_saved_keyring_loads_and_is_closed_to_others() {
        let ring = Keyring::generate(&[Purpose::Code, Purpose::Person]);
        let (_dir, path) = saved(&ring);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let loaded = Keyring::load(&path).unwrap();
        let (version, key) = loaded.current(Purpose::Code).unwrap();
        assert_eq!(version, 1);
        assert_eq!(key.expose(), ring.get(Purpose::Code, 1).unwrap().expose());
        assert_eq!(loaded.purposes(), [Purpose::Code, Purpose::Person]);
    }

    #[test]
    fn rotation_keeps_the_old_key() {
        let mut ring = Keyring::generate(&[Purpose::Index]);
        let (_, old) = ring.current(Purpose::Index).unwrap();
        assert_eq!(ring.rotate(Purpose::Index), 2);
        assert_eq!(ring.current(Purpose::Index).unwrap().0, 2);
        assert_eq!(ring.get(Purpose::Index, 1).unwrap().expose(), old.expose());
        assert_eq!(ring.versions(Purpose::Index), [1, 2]);
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_command_to_type() {
        let (_dir, path) = saved(&Keyring::generate(&[Purpose::Code]));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let message = Keyring::load(&path).unwrap_err().to_string();
        assert!(
            message.contains(&format!("chmod 600 {}", path.display())),
            "{message}"
        );
    }

    #[test]
    fn a_missing_file_or_key_says_how_to_make_it() {
        let message = Keyring::load(Path::new("/nowhere/k"))
            .unwrap_err()
            .to_string();
        assert!(
            message.ends_with("redress keys init /nowhere/k"),
            "{message}"
        );
        let (_dir, path) = saved(&Keyring::generate(&[Purpose::Code]));
        let ring = Keyring::load(&path).unwrap();
        let message = ring.require(&[Purpose::Code, Purpose::Index]).unwrap_err();
        assert!(message.to_string().contains("--purpose index"));
        let message = ring.get(Purpose::Code, 9).unwrap_err().to_string();
        assert!(message.contains("version 9"), "{message}");
    }

    #[test]
    fn a_damaged_file_never_shows_its_keys() {
        for text in [
            "[[key]]\npurpose = \"code\"\nversion = 1\nsecret = \"canary\"\n",
            "[[key]]\npurpose = \"code\"\nversion = 1\nsecret = canary\n",
            "[[key]]\npurpose = \"tea\"\nversion = 1\nsecret = \"canary\"\n",
        ] {
            let problem = parse(text).unwrap_err();
            assert!(!problem.contains("canary"), "{problem}");
        }
        let twice = Keyring::generate(&[Purpose::Code]).to_text();
        let twice = format!("{}{}", twice.as_str(), twice.as_str());
        assert!(parse(&twice).unwrap_err().contains("twice"));
    }

    #[test]
    fn a_process_gets_only_its_keys() {
        let ring = Keyring::generate(&Purpose::ALL).only(&[Purpose::Code]);
        assert_eq!(ring.purposes(), [Purpose::Code]);
        assert_eq!(format!("{ring:?}").matches("[redacted]").count(), 1);
    }
}
