//! Keys as they stand in a keyring's file.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::kernel::clock::Timestamp;
use crate::kernel::crypto::Key;

use super::purpose::Purpose;

/// A key and how it is used.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// The key.
    pub key: Key,
    /// Whether nothing new may be sealed under it yet.
    pub standby: bool,
    /// When it was taken into use, if it had been on standby.
    pub in_use_since: Option<Timestamp>,
}

impl Held {
    /// Makes a new key.
    pub fn generate(standby: bool) -> Self {
        Self {
            key: Key::generate(),
            standby,
            in_use_since: None,
        }
    }
}

/// Keys by purpose and version.
pub(super) type Keys = BTreeMap<(Purpose, i32), Held>;

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
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    standby: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    in_use_since: Option<Timestamp>,
    secret: String,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

/// Writes the text of a file.
pub(super) fn write(keys: &Keys) -> Zeroizing<String> {
    let entries = keys.iter();
    let file = File {
        key: entries
            .map(|((purpose, version), held)| Entry {
                purpose: *purpose,
                version: *version,
                standby: held.standby,
                in_use_since: held.in_use_since,
                secret: BASE64.encode(held.key.expose()),
            })
            .collect(),
    };
    let text = toml::to_string(&file).expect("a keyring is a plain table");
    Zeroizing::new(format!(
        "# Keys of Redress. Keep a backup apart from the database's.\n\n{text}"
    ))
}

/// Reads the text of a file. The problem names what is wrong, without a key.
pub(super) fn parse(text: &str) -> Result<Keys, String> {
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
        let held = Held {
            key,
            standby: entry.standby,
            in_use_since: entry.in_use_since,
        };
        if keys.insert((purpose, version), held).is_some() {
            return Err(format!(
                "the {purpose} key of version {version} stands there twice"
            ));
        }
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let keys = [((Purpose::Code, 1), Held::generate(false))];
        let twice = write(&keys.into_iter().collect());
        let twice = format!("{}{}", twice.as_str(), twice.as_str());
        assert!(parse(&twice).unwrap_err().contains("twice"));
    }

    #[test]
    fn a_file_without_the_word_standby_is_read_as_before() {
        let secret = BASE64.encode(&[7; 32]);
        let text = format!("[[key]]\npurpose = \"code\"\nversion = 1\nsecret = \"{secret}\"\n");
        let keys = parse(&text).unwrap();
        assert!(!keys[&(Purpose::Code, 1)].standby);
        assert!(write(&keys).ends_with(&text), "and written as before");
    }
}
