//! What may be told of a key.

use data_encoding::HEXLOWER;

use crate::kernel::clock::Timestamp;
use crate::kernel::crypto::{self, Key};

use super::purpose::Purpose;

/// The domain of fingerprints.
const FINGERPRINT: &str = "redress.key.fingerprint.v1";
/// How many bytes of the keyed hash a fingerprint has: enough to tell keys apart, and no help in finding one.
const FINGERPRINT_LEN: usize = 8;

/// How a key is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Standing {
    /// It reads; nothing new is sealed under it yet.
    Standby,
    /// New data is sealed under it.
    Current,
    /// It reads what it sealed before another became current.
    Old,
}

/// A key without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What it is for.
    pub purpose: Purpose,
    /// Its version.
    pub version: i32,
    /// How it is used.
    pub standing: Standing,
    /// When it was taken into use, if it had been on standby.
    pub in_use_since: Option<Timestamp>,
    /// By which two keys are told apart.
    pub fingerprint: String,
}

/// Gives 16 hexadecimal digits by which two keys are told apart: one way, and bound to what the key is for.
pub(super) fn fingerprint((purpose, version): (Purpose, i32), key: &Key) -> String {
    let parts: [&[u8]; 2] = [purpose.as_str().as_bytes(), &version.to_be_bytes()];
    let mac = crypto::mac(key, FINGERPRINT, &parts);
    HEXLOWER.encode(&mac[..FINGERPRINT_LEN])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_tells_keys_apart_and_is_pinned() {
        let key = |byte| Key::from_bytes([byte; 32]);
        let one = fingerprint((Purpose::Code, 1), &key(1));
        // A change here makes every process refuse the keyring that it has.
        assert_eq!(one, PINNED);
        for (at, byte) in [
            ((Purpose::Code, 1), 2),
            ((Purpose::Code, 2), 1),
            ((Purpose::Person, 1), 1),
        ] {
            assert_ne!(one, fingerprint(at, &key(byte)));
        }
    }
    const PINNED: &str = "ffd921e45f9e8f79";
}
