//! The life of a code: ISSUED -> REDEEMED | SUPERSEDED | REVOKED | EXPIRED.

use crate::codes::state::{Forbidden, kinds};

kinds! {
    /// Where a code stands.
    State {
        /// It can begin an enrollment.
        Issued = "ISSUED",
        /// An enrollment was completed for its individual.
        Redeemed = "REDEEMED",
        /// A newer code took its place.
        Superseded = "SUPERSEDED",
        /// An operator took it back.
        Revoked = "REVOKED",
        /// The enroll-by date passed.
        Expired = "EXPIRED",
    }
}

/// What can happen to a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Its individual completed an enrollment.
    Redeem,
    /// Its individual got a newer code.
    Supersede,
    /// An operator takes it back.
    Revoke,
    /// The enroll-by date has passed.
    Expire,
}

impl State {
    /// Gives the state after an event. Only an issued code changes; every other state is an end.
    pub const fn on(self, event: Event) -> Result<Self, Forbidden> {
        let (next, name) = match event {
            Event::Redeem => (Self::Redeemed, "redeem"),
            Event::Supersede => (Self::Superseded, "supersede"),
            Event::Revoke => (Self::Revoked, "revoke"),
            Event::Expire => (Self::Expired, "expire"),
        };
        match self {
            Self::Issued => Ok(next),
            Self::Redeemed | Self::Superseded | Self::Revoked | Self::Expired => Err(Forbidden {
                from: self.as_str(),
                event: name,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_issued_code_changes() {
        let events = [
            Event::Redeem,
            Event::Supersede,
            Event::Revoke,
            Event::Expire,
        ];
        for (event, next) in events.into_iter().zip(&State::ALL[1..]) {
            assert_eq!(State::Issued.on(event), Ok(*next));
            assert!(State::ALL[1..].iter().all(|state| state.on(event).is_err()));
        }
    }

    #[test]
    fn stored_texts_read_back() {
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()), Ok(*state));
        }
        assert!(State::parse("issued").is_err());
    }
}
