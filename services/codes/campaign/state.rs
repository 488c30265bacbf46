//! The life of a campaign: OPEN -> CLOSED.

use crate::codes::state::Forbidden;
use crate::db::entities::ClosedSet;
use crate::db::entities::campaign::State;

/// Closes a campaign.
pub fn close(state: State) -> Result<State, Forbidden> {
    match state {
        State::Open => Ok(State::Closed),
        State::Closed => Err(Forbidden {
            from: state.as_str(),
            event: "close",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_closes_once() {
        assert_eq!(close(State::Open), Ok(State::Closed));
        assert!(close(State::Closed).is_err());
    }
}
