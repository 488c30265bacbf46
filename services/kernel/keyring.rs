//! The keys of a process: a file outside the database, versioned by purpose.
//!
//! ```toml
//! [[key]]
//! purpose = "code"
//! version = 1
//! secret = "base64 of 32 bytes"
//!
//! [[key]]
//! purpose = "code"
//! version = 2
//! standby = true
//! secret = "base64 of 32 bytes"
//! ```
//!
//! The current key of a purpose is the one with the highest version that is not on standby; older ones stay to read what
//! they sealed. A key on standby reads, but nothing new is sealed under it: so every process learns a new key before any
//! of them uses it. The file must be readable by its owner alone.

mod error;
mod file;
mod listed;
mod purpose;
mod ring;

pub use error::KeyError;
pub use listed::{Listed, Standing};
pub use purpose::{NoPurpose, Purpose};
pub use ring::{KeyProvider, Keyring, OLD_KEY_KEPT};
