//! Keyed hashes, key derivation and sealing, over `ring`.
//!
//! Whatever is hashed together is framed: every part goes in with its length before it, so that no two lists of parts
//! look the same. Every use names a domain, so that no two uses of one key meet.

use std::fmt;

use data_encoding::HEXLOWER;
use ring::rand::{SecureRandom, SystemRandom};
use ring::{aead, digest, hmac};
use uuid::Uuid;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A symmetric key of 32 bytes, wiped when dropped and never shown.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Key([u8; 32]);

impl Key {
    /// The length of a key in bytes.
    pub const LEN: usize = 32;

    /// Takes the bytes of a key.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Takes a key from a slice that has exactly its length.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Draws a key from the operating system's random source.
    pub fn generate() -> Self {
        Self(random())
    }

    /// Shows the bytes, to wrap or store the key.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key([redacted])")
    }
}

/// Draws random bytes from the operating system.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the operating system's random source never fails once it has started");
    bytes
}

/// What a keyed hash is for; goes in first, so that the two never give the same bytes.
#[derive(Clone, Copy)]
enum Use {
    Mac = 1,
    Derive = 2,
}

fn frame(context: &mut hmac::Context, part: &[u8]) {
    context.update(&(part.len() as u64).to_be_bytes());
    context.update(part);
}

/// Takes in a key, what it is used for and the domain: the half of the work that many hashes of one domain share.
fn begun(key: &Key, usage: Use, domain: &str) -> hmac::Context {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key.0);
    let mut context = hmac::Context::with_key(&key);
    context.update(&[usage as u8]);
    frame(&mut context, domain.as_bytes());
    context
}

fn ended(mut context: hmac::Context, parts: &[&[u8]]) -> [u8; 32] {
    for part in parts {
        frame(&mut context, part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.sign().as_ref());
    out
}

/// A key made ready for many MACs of one domain. Not wiped when dropped: it lives as long as the work it is for.
#[derive(Clone)]
pub struct Macs(hmac::Context);

impl Macs {
    /// Takes the key and the domain.
    pub fn new(key: &Key, domain: &str) -> Self {
        Self(begun(key, Use::Mac, domain))
    }

    /// Gives what [`mac`] gives.
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        ended(self.0.clone(), parts)
    }
}

impl fmt::Debug for Macs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Macs([redacted])")
    }
}

/// Gives the first 128 bits of a MAC, as a UUID column holds them.
pub fn half(mac: &[u8; 32]) -> Uuid {
    let mut half = [0; 16];
    half.copy_from_slice(&mac[..16]);
    Uuid::from_bytes(half)
}

/// Gives the first 64 bits of a MAC, as a BIGINT column holds them.
pub fn quarter(mac: &[u8; 32]) -> i64 {
    let mut quarter = [0; 8];
    quarter.copy_from_slice(&mac[..8]);
    i64::from_be_bytes(quarter)
}

/// Gives HMAC-SHA-256 over the domain and the parts.
pub fn mac(key: &Key, domain: &str, parts: &[&[u8]]) -> [u8; 32] {
    ended(begun(key, Use::Mac, domain), parts)
}

/// Gives the first 128 bits of [`mac`], as a UUID column holds them.
pub fn mac128(key: &Key, domain: &str, parts: &[&[u8]]) -> Uuid {
    half(&mac(key, domain, parts))
}

/// Gives the first 64 bits of [`mac`], as a BIGINT column holds them.
pub fn mac64(key: &Key, domain: &str, parts: &[&[u8]]) -> i64 {
    quarter(&mac(key, domain, parts))
}

/// Derives a key from another one. A derived key never equals a [`mac`] of the same input.
pub fn derive(key: &Key, domain: &str, parts: &[&[u8]]) -> Key {
    Key(ended(begun(key, Use::Derive, domain), parts))
}

/// Says that sealed bytes did not open: another key, another place or changed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sealed data does not open with this key at this place")]
pub struct OpenError;

/// The version byte in front of everything sealed.
const SEALED_V1: u8 = 1;
const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;

/// How many bytes sealing adds.
pub const SEAL_OVERHEAD: usize = 1 + NONCE_LEN + TAG_LEN;

fn aead_key(key: &Key) -> aead::LessSafeKey {
    let key = aead::UnboundKey::new(&aead::AES_256_GCM, &key.0)
        .expect("a key has the length that AES-256 takes");
    aead::LessSafeKey::new(key)
}

fn associated(aad: &[&[u8]]) -> aead::Aad<Vec<u8>> {
    let mut framed = Vec::with_capacity(aad.iter().map(|part| part.len() + 8).sum());
    for part in aad {
        framed.extend_from_slice(&(part.len() as u64).to_be_bytes());
        framed.extend_from_slice(part);
    }
    aead::Aad::from(framed)
}

/// Seals bytes with AES-256-GCM under a random nonce, bound to the associated data.
///
/// The result is version, nonce, ciphertext, tag. Keys are per person or per wrapped key, so that the number of messages
/// under one key stays far below where random nonces would meet (2^32, NIST SP 800-38D section 8.3).
pub fn seal(key: &Key, aad: &[&[u8]], plain: &[u8]) -> Vec<u8> {
    let nonce: [u8; NONCE_LEN] = random();
    let mut sealed = Vec::with_capacity(plain.len() + SEAL_OVERHEAD);
    sealed.push(SEALED_V1);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain);
    let tag = aead_key(key)
        .seal_in_place_separate_tag(
            aead::Nonce::assume_unique_for_key(nonce),
            associated(aad),
            &mut sealed[1 + NONCE_LEN..],
        )
        .expect("a row is shorter than the longest message of AES-GCM");
    sealed.extend_from_slice(tag.as_ref());
    sealed
}

/// Opens what [`seal`] made with the same key and associated data.
pub fn open(key: &Key, aad: &[&[u8]], sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    let rest = sealed.strip_prefix(&[SEALED_V1]).ok_or(OpenError)?;
    let (nonce, cipher) = rest.split_at_checked(NONCE_LEN).ok_or(OpenError)?;
    let nonce = aead::Nonce::try_assume_unique_for_key(nonce).map_err(|_| OpenError)?;
    let mut buffer = cipher.to_vec();
    let length = aead_key(key)
        .open_in_place(nonce, associated(aad), &mut buffer)
        .map_err(|_| OpenError)?
        .len();
    buffer.truncate(length);
    Ok(buffer)
}

/// Seals a key under another one.
pub fn wrap_key(key: &Key, aad: &[&[u8]], wrapped: &Key) -> Vec<u8> {
    seal(key, aad, &wrapped.0)
}

/// Opens a key that [`wrap_key`] sealed.
pub fn unwrap_key(key: &Key, aad: &[&[u8]], sealed: &[u8]) -> Result<Key, OpenError> {
    let plain = zeroize::Zeroizing::new(open(key, aad, sealed)?);
    Key::from_slice(&plain).ok_or(OpenError)
}

/// Gives SHA-256 in lower-case hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// Gives the first 128 bits of SHA-256, to tell requests apart. Not for secrets: it has no key.
pub fn fingerprint128(bytes: &[u8]) -> Uuid {
    let digest = digest::digest(&digest::SHA256, bytes);
    let mut half = [0; 16];
    half.copy_from_slice(&digest.as_ref()[..16]);
    Uuid::from_bytes(half)
}

/// SHA-256 over data that comes in pieces.
#[derive(Clone)]
pub struct Sha256(digest::Context);

impl Sha256 {
    /// Starts a hash.
    pub fn new() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }

    /// Takes in the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Ends the hash.
    pub fn finish(self) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(self.0.finish().as_ref());
        out
    }

    /// Ends the hash as lower-case hex.
    pub fn finish_hex(self) -> String {
        HEXLOWER.encode(&self.finish())
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sha256")
    }
}

/// Compares bytes in a time that depends only on their lengths.
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    subtle::ConstantTimeEq::ct_eq(a, b).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Key {
        Key::from_bytes([byte; 32])
    }

    #[test]
    fn parts_are_framed() {
        let joined = mac(&key(1), "d", &[b"ab", b"c"]);
        assert_ne!(joined, mac(&key(1), "d", &[b"a", b"bc"]));
        assert_ne!(joined, mac(&key(1), "d", &[b"abc"]));
        assert_ne!(joined, mac(&key(1), "da", &[b"b", b"c"]));
        assert_ne!(joined, mac(&key(2), "d", &[b"ab", b"c"]));
        assert_ne!(mac(&key(1), "d", &[]), mac(&key(1), "d", &[b""]));
    }

    #[test]
    fn the_mac_is_pinned() {
        // A change here makes every stored code and index unreadable.
        let mac = mac(&key(1), "redress.test", &[b"one", b"two"]);
        assert_eq!(HEXLOWER.encode(&mac), PINNED);
    }
    const PINNED: &str = "4ce39fcee09bac15de7420cf310352d23bb56f7b6ee00a6c3cdcd0b3b5ac8dcc";

    #[test]
    fn short_macs_are_the_head_of_the_long_one() {
        let long = mac(&key(1), "d", &[b"x"]);
        assert_eq!(mac128(&key(1), "d", &[b"x"]).as_bytes()[..], long[..16]);
        assert_eq!(mac64(&key(1), "d", &[b"x"]).to_be_bytes()[..], long[..8]);
    }

    #[test]
    fn a_derived_key_is_not_a_mac() {
        let derived = derive(&key(1), "d", &[b"x"]);
        assert_ne!(derived.expose(), &mac(&key(1), "d", &[b"x"]));
        assert_eq!(format!("{derived:?}"), "Key([redacted])");
    }

    #[test]
    fn sealed_bytes_open_only_with_their_key_and_place() {
        let sealed = seal(&key(1), &[b"table", b"row"], b"plain");
        assert_eq!(sealed.len(), 5 + SEAL_OVERHEAD);
        assert_eq!(
            open(&key(1), &[b"table", b"row"], &sealed).unwrap(),
            b"plain"
        );
        assert_eq!(open(&key(2), &[b"table", b"row"], &sealed), Err(OpenError));
        assert_eq!(open(&key(1), &[b"tabler", b"ow"], &sealed), Err(OpenError));
        assert_ne!(sealed, seal(&key(1), &[b"table", b"row"], b"plain"));
    }

    #[test]
    fn no_changed_or_cut_byte_opens() {
        let sealed = seal(&key(1), &[b"row"], b"plain");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(open(&key(1), &[b"row"], &changed), Err(OpenError));
            assert_eq!(open(&key(1), &[b"row"], &sealed[..at]), Err(OpenError));
        }
    }

    #[test]
    fn a_wrapped_key_unwraps() {
        let wrapped = wrap_key(&key(1), &[b"campaign"], &key(2));
        let opened = unwrap_key(&key(1), &[b"campaign"], &wrapped).unwrap();
        assert_eq!(opened.expose(), key(2).expose());
        let not_a_key = seal(&key(1), &[b"campaign"], b"short");
        assert!(unwrap_key(&key(1), &[b"campaign"], &not_a_key).is_err());
    }

    #[test]
    fn sha256_in_pieces_equals_sha256_at_once() {
        let mut hash = Sha256::new();
        hash.update(b"a");
        hash.update(b"bc");
        let hex = hash.finish_hex();
        assert_eq!(hex, sha256_hex(b"abc"));
        assert!(hex.starts_with("ba7816bf"));
        assert_eq!(fingerprint128(b"abc").simple().to_string(), hex[..32]);
    }
}
