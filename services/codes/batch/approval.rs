//! The life of an export approval: REQUESTED -> APPROVED, and EXPIRED from either by time alone.

use crate::codes::state::{Forbidden, kinds};
use crate::kernel::clock::Timestamp;

kinds! {
    /// Where an export approval stands.
    State {
        /// It waits for a second operator.
        Requested = "REQUESTED",
        /// The export is allowed to whoever asked.
        Approved = "APPROVED",
        /// It allows nothing any more.
        Expired = "EXPIRED",
    }
}

impl State {
    /// Tells where an approval stands at an instant.
    pub fn at(now: Timestamp, approved_at: Option<Timestamp>, expires_at: Timestamp) -> Self {
        match approved_at {
            _ if expires_at <= now => Self::Expired,
            Some(_) => Self::Approved,
            None => Self::Requested,
        }
    }

    /// Approves the export.
    pub const fn approve(self) -> Result<Self, Forbidden> {
        match self {
            Self::Requested => Ok(Self::Approved),
            Self::Approved | Self::Expired => Err(Forbidden {
                from: self.as_str(),
                event: "approve",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_is_given_once_and_ends_with_its_time() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (noon, one) = (at("2026-01-01T12:00:00Z"), at("2026-01-01T13:00:00Z"));
        assert_eq!(State::at(noon, None, one), State::Requested);
        assert_eq!(State::at(noon, Some(noon), one), State::Approved);
        assert_eq!(State::at(one, Some(noon), one), State::Expired);
        assert_eq!(State::at(one, None, one), State::Expired);
        assert_eq!(State::Requested.approve(), Ok(State::Approved));
        assert!(State::Approved.approve().is_err() && State::Expired.approve().is_err());
    }
}
