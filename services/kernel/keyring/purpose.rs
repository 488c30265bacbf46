//! What keys are for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a key is for. No process holds keys for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// MACs of enrollment codes and the wrapping of batch secrets.
    Code,
    /// Blind indexes, reference MACs and confirmation codes.
    Index,
    /// The wrapping of campaign keys, under which personal data is sealed.
    Person,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 3] = [Self::Code, Self::Index, Self::Person];

    /// Gives the name in the file and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Index => "index",
            Self::Person => "person",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Says that a word is no purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one of: code, index, person")]
pub struct NoPurpose;

impl FromStr for Purpose {
    type Err = NoPurpose;

    fn from_str(text: &str) -> Result<Self, NoPurpose> {
        let mut purposes = Self::ALL.into_iter();
        let found = purposes.find(|purpose| purpose.as_str() == text);
        found.ok_or(NoPurpose)
    }
}
