//! What can be wrong with a keyring.

use std::io;
use std::path::PathBuf;

use super::purpose::Purpose;

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
    /// Another key bears the same purpose and version: two keyrings were given new keys apart from each other.
    #[error(
        "the {purpose} key of version {version} in the keyring {} has the fingerprint {own}, that of {other_is} has {other}: one of them is \
         wrong; see which with redress keys list, move the wrong file away and copy the right key: \
         redress keys copy RIGHT {} --purpose {purpose}", .path.display(), .path.display()
    )]
    Differs {
        /// The file.
        path: PathBuf,
        /// The purpose.
        purpose: Purpose,
        /// The version.
        version: i32,
        /// The fingerprint of the file's key.
        own: String,
        /// That of the other key.
        other: String,
        /// Where the other key is known from.
        other_is: String,
    },
}
