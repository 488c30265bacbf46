//! A keyring in memory.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::kernel::certs::write_private;
use crate::kernel::clock::Timestamp;
use crate::kernel::crypto::{self, Key};

use super::error::KeyError;
use super::file::{self, Held, Keys};
use super::listed::{Listed, Standing, fingerprint};
use super::purpose::Purpose;

/// How long an old key stays at least after another has become current: requests that come again are recognised by it.
pub const OLD_KEY_KEPT: Duration = Duration::from_hours(7 * 24);

/// Gives keys by purpose and version; behind it may stand a file or a key service.
pub trait KeyProvider: Send + Sync {
    /// Gives the key for new data and its version.
    fn current(&self, purpose: Purpose) -> Result<(i32, Key), KeyError>;

    /// Gives the key of a version, to read old data.
    fn get(&self, purpose: Purpose, version: i32) -> Result<Key, KeyError>;

    /// Gives the versions that exist, oldest first; those on standby are among them.
    fn versions(&self, purpose: Purpose) -> Vec<i32>;

    /// Gives the keys of every version, the current one first: for what is hashed, and does not tell under which version.
    fn current_first(&self, purpose: Purpose) -> Result<Vec<Key>, KeyError> {
        let (current, key) = self.current(purpose)?;
        let mut versions = self.versions(purpose);
        versions.retain(|version| *version != current);
        let others = versions.into_iter().rev();
        let others = others.map(|version| self.get(purpose, version));
        std::iter::once(Ok(key)).chain(others).collect()
    }
}

/// A keyring in memory, loaded from a file or made new.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    path: PathBuf,
    keys: Keys,
}

impl Keyring {
    /// Makes a first key for each purpose.
    #[must_use]
    pub fn generate(purposes: &[Purpose]) -> Self {
        let mut ring = Self::default();
        for purpose in purposes {
            ring.add(*purpose);
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
        let keys = file::parse(&text).map_err(|problem| KeyError::Damaged {
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
        let text = file::write(&self.keys);
        write_private(path, text.as_bytes()).map_err(|source| KeyError::Io {
            path: path.into(),
            source,
        })
    }

    /// Names the file it was loaded from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a key to a purpose and gives its version. The first one is current; a further one is on standby.
    pub fn add(&mut self, purpose: Purpose) -> i32 {
        let last = self.versions(purpose).last().copied();
        let version = last.map_or(1, |last| last + 1);
        let held = Held::generate(last.is_some());
        self.keys.insert((purpose, version), held);
        version
    }

    /// Makes the newest key of a purpose the current one and gives its version; `None` where none is on standby.
    pub fn promote(&mut self, purpose: Purpose, now: Timestamp) -> Option<i32> {
        let newest = *self.versions(purpose).last()?;
        if !self.keys.get(&(purpose, newest))?.standby {
            return None;
        }
        for (_, held) in self.keys.range_mut(all(purpose)) {
            held.standby = false;
        }
        self.keys.get_mut(&(purpose, newest))?.in_use_since = Some(now);
        Some(newest)
    }

    /// Takes the keys of a purpose from another keyring, with how they are used there, and gives the versions that are new here.
    ///
    /// # Errors
    /// [`KeyError::NoKey`] where the other has none, [`KeyError::Differs`] where it has another key of a version that is here:
    /// then nothing is taken.
    pub fn copy_from(&mut self, other: &Self, purpose: Purpose) -> Result<Vec<i32>, KeyError> {
        other.current(purpose)?;
        let theirs = || other.keys.range(all(purpose));
        for (at, held) in theirs() {
            if let Some(own) = self.keys.get(at)
                && !crypto::equal(own.key.expose(), held.key.expose())
            {
                return Err(KeyError::Differs {
                    path: self.path.clone(),
                    purpose,
                    version: at.1,
                    own: fingerprint(*at, &own.key),
                    other: fingerprint(*at, &held.key),
                    other_is: other.path.display().to_string(),
                });
            }
        }
        let mut added = Vec::new();
        for (at, held) in theirs() {
            if self.keys.insert(*at, held.clone()).is_none() {
                added.push(at.1);
            }
        }
        Ok(added)
    }

    /// Takes a key out.
    pub fn remove(&mut self, purpose: Purpose, version: i32) {
        self.keys.remove(&(purpose, version));
    }

    /// Gives the purposes that have a key.
    pub fn purposes(&self) -> Vec<Purpose> {
        let purposes = Purpose::ALL.into_iter();
        purposes
            .filter(|purpose| !self.versions(*purpose).is_empty())
            .collect()
    }

    /// Gives a keyring with the keys of some purposes only, for one process.
    #[must_use]
    pub fn only(&self, purposes: &[Purpose]) -> Self {
        let keys = self.keys.iter();
        let keys = keys.filter(|((purpose, _), _)| purposes.contains(purpose));
        Self {
            path: self.path.clone(),
            keys: keys.map(|(at, held)| (*at, held.clone())).collect(),
        }
    }

    /// Fails unless every purpose has a key; called at start.
    pub fn require(&self, purposes: &[Purpose]) -> Result<(), KeyError> {
        purposes
            .iter()
            .try_for_each(|purpose| self.current(*purpose).map(drop))
    }

    /// Lists the keys by purpose and version, without their secrets.
    pub fn list(&self) -> Vec<Listed> {
        let listed = |(at, held): (&(Purpose, i32), &Held)| Listed {
            purpose: at.0,
            version: at.1,
            standing: self.standing(*at, held),
            in_use_since: held.in_use_since,
            fingerprint: fingerprint(*at, &held.key),
        };
        self.keys.iter().map(listed).collect()
    }

    fn standing(&self, (purpose, version): (Purpose, i32), held: &Held) -> Standing {
        if held.standby {
            return Standing::Standby;
        }
        match self.newest(purpose) {
            Some((current, _)) if current == version => Standing::Current,
            _ => Standing::Old,
        }
    }

    /// The newest key of a purpose that is not on standby.
    fn newest(&self, purpose: Purpose) -> Option<(i32, &Held)> {
        let mut held = self.keys.range(all(purpose)).rev();
        let ((_, version), held) = held.find(|(_, held)| !held.standby)?;
        Some((*version, held))
    }
}

/// Every version of a purpose.
const fn all(purpose: Purpose) -> std::ops::RangeInclusive<(Purpose, i32)> {
    (purpose, i32::MIN)..=(purpose, i32::MAX)
}

impl KeyProvider for Keyring {
    fn current(&self, purpose: Purpose) -> Result<(i32, Key), KeyError> {
        let newest = self.newest(purpose);
        let (version, held) = newest.ok_or_else(|| KeyError::NoKey {
            path: self.path.clone(),
            purpose,
        })?;
        Ok((version, held.key.clone()))
    }

    fn get(&self, purpose: Purpose, version: i32) -> Result<Key, KeyError> {
        let held = self.keys.get(&(purpose, version));
        let held = held.ok_or_else(|| KeyError::NoVersion {
            path: self.path.clone(),
            purpose,
            version,
        })?;
        Ok(held.key.clone())
    }

    fn versions(&self, purpose: Purpose) -> Vec<i32> {
        let range = self.keys.range(all(purpose));
        range.map(|((_, version), _)| *version).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_430_000_000_000_000);

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
    fn a_new_key_reads_before_it_is_used_and_the_old_one_stays() {
        let mut ring = Keyring::generate(&[Purpose::Index]);
        let (_, old) = ring.current(Purpose::Index).unwrap();
        assert_eq!(ring.promote(Purpose::Index, NOW), None);
        assert_eq!(ring.add(Purpose::Index), 2);
        let (_dir, path) = saved(&ring);
        let mut ring = Keyring::load(&path).unwrap();
        assert_eq!(ring.current(Purpose::Index).unwrap().0, 1);
        assert!(ring.get(Purpose::Index, 2).is_ok());
        assert_eq!(ring.promote(Purpose::Index, NOW), Some(2));
        let (_dir, path) = saved(&ring);
        let ring = Keyring::load(&path).unwrap();
        assert_eq!(ring.current(Purpose::Index).unwrap().0, 2);
        assert_eq!(ring.get(Purpose::Index, 1).unwrap().expose(), old.expose());
        assert_eq!(ring.versions(Purpose::Index), [1, 2]);
        assert_eq!(ring.list()[1].in_use_since, Some(NOW));
    }

    #[test]
    fn two_keys_added_before_one_is_used_leave_the_newest_current() {
        let mut ring = Keyring::generate(&[Purpose::Code]);
        ring.add(Purpose::Code);
        ring.add(Purpose::Code);
        assert_eq!(ring.promote(Purpose::Code, NOW), Some(3));
        let standings = ring.list().into_iter().map(|key| key.standing);
        let standings: Vec<_> = standings.collect();
        assert_eq!(standings, [Standing::Old, Standing::Old, Standing::Current]);
    }

    #[test]
    fn a_purpose_is_copied_whole_or_not_at_all() {
        let mut identity = Keyring::generate(&[Purpose::Index, Purpose::Person]);
        let mut handoff = identity.only(&[Purpose::Person]);
        identity.add(Purpose::Person);
        assert_eq!(handoff.copy_from(&identity, Purpose::Person).unwrap(), [2]);
        assert_eq!(handoff.list(), identity.only(&[Purpose::Person]).list());
        identity.promote(Purpose::Person, NOW);
        assert_eq!(
            handoff.copy_from(&identity, Purpose::Person).unwrap(),
            Vec::<i32>::new()
        );
        assert_eq!(handoff.current(Purpose::Person).unwrap().0, 2);

        let mut apart = handoff.clone();
        apart.add(Purpose::Person);
        identity.add(Purpose::Person);
        identity.add(Purpose::Person);
        let refused = apart.copy_from(&identity, Purpose::Person);
        let refused = refused.unwrap_err().to_string();
        for listed in [&apart.list()[2], &identity.list()[3]] {
            assert!(refused.contains(&listed.fingerprint), "{refused}");
        }
        assert_eq!(apart.versions(Purpose::Person), [1, 2, 3]);
        let nothing = apart.copy_from(&handoff, Purpose::Code);
        assert!(matches!(nothing, Err(KeyError::NoKey { .. })));
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
    fn a_process_gets_only_its_keys() {
        let ring = Keyring::generate(&Purpose::ALL).only(&[Purpose::Code]);
        assert_eq!(ring.purposes(), [Purpose::Code]);
        assert_eq!(format!("{ring:?}").matches("[redacted]").count(), 1);
    }
}
