//! The life of a campaign: OPEN -> CLOSED.

use crate::codes::state::{Forbidden, kinds};

kinds! {
    /// Where a campaign stands.
    State {
        /// Enrollments can begin until the enroll-by date.
        Open = "OPEN",
        /// No enrollment begins any more.
        Closed = "CLOSED",
    }
}

impl State {
    /// Closes the campaign.
    pub const fn close(self) -> Result<Self, Forbidden> {
        match self {
            Self::Open => Ok(Self::Closed),
            Self::Closed => Err(Forbidden {
                from: self.as_str(),
                event: "close",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_closes_once() {
        assert_eq!(State::Open.close(), Ok(State::Closed));
        assert!(State::Closed.close().is_err());
    }
}
