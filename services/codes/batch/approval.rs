//! The life of an export approval: REQUESTED -> APPROVED, and EXPIRED from either by time alone.

use crate::kernel::clock::Timestamp;

/// Where an export approval stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for a second operator.
    Requested,
    /// The export is allowed to the operator who asked.
    Approved,
    /// It allows nothing any more.
    Expired,
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_ends_with_its_time() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (noon, one) = (at("2026-01-01T12:00:00Z"), at("2026-01-01T13:00:00Z"));
        assert_eq!(State::at(noon, None, one), State::Requested);
        assert_eq!(State::at(noon, Some(noon), one), State::Approved);
        assert_eq!(State::at(one, Some(noon), one), State::Expired);
        assert_eq!(State::at(one, None, one), State::Expired);
    }
}
