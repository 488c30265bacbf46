//! The life of a batch: OPEN -> SEALED.

use crate::codes::state::{Forbidden, kinds};

kinds! {
    /// Where a batch stands.
    State {
        /// Its secret exists: codes can be added and exported.
        Open = "OPEN",
        /// Its secret is destroyed.
        Sealed = "SEALED",
    }
}

impl State {
    /// Seals the batch.
    pub const fn seal(self) -> Result<Self, Forbidden> {
        match self {
            Self::Open => Ok(Self::Sealed),
            Self::Sealed => Err(Forbidden {
                from: self.as_str(),
                event: "seal",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_sealed_once_and_for_ever() {
        assert_eq!(State::Open.seal(), Ok(State::Sealed));
        assert!(State::Sealed.seal().is_err());
    }
}
