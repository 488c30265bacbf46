//! How people and activation codes stand in the book: as keyed hashes, under a key of the book's own. Whoever has the key can tell that two
//! books have one person.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use data_encoding::HEXLOWER;
use ring::hmac;

use crate::kernel::crypto::Key;
use crate::wire::redress::bureau::v1::Subject;

/// Hashes a person: HMAC-SHA-256 over `ssn|family name|date of birth`, trimmed and in upper case, in hexadecimal.
pub fn digest(key: &Key, subject: &Subject) -> String {
    let name = subject.name.as_ref();
    let family_name = name.map_or("", |name| name.family_name.as_str());
    let born = subject
        .date_of_birth
        .as_ref()
        .map_or_else(String::new, |date| {
            format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)
        });
    let text = format!("{}|{}|{born}", subject.ssn.trim(), family_name.trim()).to_uppercase();
    hash(key, &text)
}

/// Hashes an activation code; gives nothing for none.
pub fn activation_digest(key: &Key, code: &str) -> String {
    if code.is_empty() {
        return String::new();
    }
    hash(key, code)
}

fn hash(key: &Key, text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
    HEXLOWER.encode(hmac::sign(&key, text.as_bytes()).as_ref())
}

/// Reads the book's key, or makes it.
pub fn book_key(path: &Path) -> io::Result<Key> {
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "the book's key file is damaged");
    match std::fs::read(path) {
        Ok(bytes) => Key::from_slice(&bytes).ok_or_else(damaged),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = Key::generate();
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path)?;
            file.write_all(key.expose())?;
            file.sync_all()?;
            Ok(key)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::google::r#type::Date;
    use crate::wire::redress::r#type::v1::PersonName;

    #[test]
    fn the_digest_is_plain_hmac_over_plain_text() {
        let subject = Subject {
            ssn: "666010001".to_owned(),
            name: Some(PersonName {
                family_name: " Lovelace ".to_owned(),
                ..PersonName::default()
            }),
            date_of_birth: Some(Date {
                year: 1815,
                month: 12,
                day: 10,
            }),
            ..Subject::default()
        };
        let key = Key::from_bytes([7; 32]);
        let plain = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        let expected = hmac::sign(&plain, b"666010001|LOVELACE|1815-12-10");
        assert_eq!(digest(&key, &subject), HEXLOWER.encode(expected.as_ref()));
    }
}
