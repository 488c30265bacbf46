//! A hash of what is written, on its way to where it is written.

use std::io::{self, Write};

use super::crypto::Sha256;

/// Writes on, hashes and counts.
pub struct Hashing<W> {
    inner: W,
    hash: Sha256,
    bytes: u64,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hashed {
    /// SHA-256 in hexadecimal.
    pub sha256: String,
    /// How many bytes.
    pub bytes: u64,
}

impl<W: Write> Hashing<W> {
    /// Begins.
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            hash: Sha256::new(),
            bytes: 0,
        }
    }

    /// Ends the hash, and gives back where it was written.
    pub fn finish(self) -> (W, Hashed) {
        let hashed = Hashed {
            sha256: self.hash.finish_hex(),
            bytes: self.bytes,
        };
        (self.inner, hashed)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_pieces_is_hashed_as_one() {
        let mut hashing = Hashing::new(Vec::new());
        hashing.write_all(b"ab").unwrap();
        hashing.write_all(b"c").unwrap();
        let (written, hashed) = hashing.finish();
        assert_eq!(written, b"abc");
        assert_eq!(hashed.bytes, 3);
        // FIPS 180-2, appendix B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hashed.sha256, abc);
    }
}
