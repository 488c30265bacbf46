//! The printer's public key, to which the print file is encrypted (age, age-encryption.org/v1).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A public key of age: `age1...`, or one on a hardware token: `age1tag1...`, `age1tagpq1...`.
#[derive(Clone)]
pub struct Recipient {
    text: String,
    key: Arc<dyn age::Recipient + Send + Sync>,
}

impl Recipient {
    /// Gives the key as the library takes it.
    pub fn as_age(&self) -> &dyn age::Recipient {
        &*self.key
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Recipient {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.starts_with("AGE-SECRET-KEY-") {
            return Err(
                "this is a secret key, which only its owner may have; wanted: the printer's public one, age1...",
            );
        }
        let key: Result<Arc<dyn age::Recipient + Send + Sync>, &str> =
            if text.starts_with("age1tag1") {
                text.parse::<age::tag::Recipient>()
                    .map(|key| Arc::new(key) as _)
            } else if text.starts_with("age1tagpq1") {
                text.parse::<age::tagpq::Recipient>()
                    .map(|key| Arc::new(key) as _)
            } else {
                text.parse::<age::x25519::Recipient>()
                    .map(|key| Arc::new(key) as _)
            };
        Ok(Self {
            text: text.to_owned(),
            key: key.map_err(
                |_| "wanted: the printer's public key, age1... (`age-keygen -y` shows it)",
            )?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_is_read_and_a_secret_one_is_refused() {
        let key = age::x25519::Identity::generate().to_public().to_string();
        assert_eq!(key.parse::<Recipient>().unwrap().to_string(), key);
        assert!(
            "AGE-SECRET-KEY-1ABC"
                .parse::<Recipient>()
                .unwrap_err()
                .contains("secret")
        );
        assert!("age1nonsense".parse::<Recipient>().is_err());
    }
}
