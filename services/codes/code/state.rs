//! The life of a code: ISSUED -> REDEEMED | SUPERSEDED | REVOKED, and EXPIRED by time alone, which is shown and not stored.

use crate::codes::state::Forbidden;
use crate::db::entities::ClosedSet;
use crate::db::entities::code::State;
use crate::kernel::clock::Timestamp;

/// What can happen to a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Its individual completed an enrollment.
    Redeem,
    /// Its individual got a newer code.
    Supersede,
    /// An operator takes it back.
    Revoke,
}

/// Gives the state after an event. Only an issued code changes; every other state is an end.
pub fn on(state: State, event: Event) -> Result<State, Forbidden> {
    let (next, name) = match event {
        Event::Redeem => (State::Redeemed, "redeem"),
        Event::Supersede => (State::Superseded, "supersede"),
        Event::Revoke => (State::Revoked, "revoke"),
    };
    match state {
        State::Issued => Ok(next),
        State::Redeemed | State::Superseded | State::Revoked => Err(Forbidden {
            from: state.as_str(),
            event: name,
        }),
    }
}

/// Where a code stands as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// As it is stored.
    Stored(State),
    /// Issued, and its last day has passed.
    Expired,
}

/// Gives the state of a code as every answer shows it; `expires_at` is the first instant after its last day.
pub fn shown(state: State, expires_at: Timestamp, now: Timestamp) -> Shown {
    if state == State::Issued && expires_at <= now {
        Shown::Expired
    } else {
        Shown::Stored(state)
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::Iterable;

    use super::*;

    #[test]
    fn only_an_issued_code_changes() {
        let ends = [State::Redeemed, State::Superseded, State::Revoked];
        let events = [Event::Redeem, Event::Supersede, Event::Revoke];
        for (event, next) in events.into_iter().zip(ends) {
            assert_eq!(on(State::Issued, event), Ok(next));
            assert!(ends.iter().all(|state| on(*state, event).is_err()));
        }
    }

    #[test]
    fn an_issued_code_expires_with_its_last_day_and_no_other_does() {
        let at = Timestamp::from_micros;
        assert_eq!(
            shown(State::Issued, at(5), at(4)),
            Shown::Stored(State::Issued)
        );
        assert_eq!(shown(State::Issued, at(5), at(5)), Shown::Expired);
        for state in State::iter().filter(|state| *state != State::Issued) {
            assert_eq!(shown(state, at(5), at(9)), Shown::Stored(state));
        }
    }
}
