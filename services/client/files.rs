//! Files that are read whole, and the names of those that belong to them.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::kernel::crypto::Sha256;

/// Gives the path of a file that belongs to another.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Hashes a file without loading it; gives its length too.
pub fn sha256_of(path: &Path) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let (mut hash, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; 1 << 18]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok((hash.finish_hex(), bytes)),
            read => {
                hash.update(&piece[..read]);
                bytes += read as u64;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = beside(&folder.path().join("roster"), ".csv");
        std::fs::write(&path, b"abc").unwrap();
        let (hash, bytes) = sha256_of(&path).unwrap();
        assert_eq!(
            (hash.as_str(), bytes),
            (
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                3
            )
        );
    }
}
