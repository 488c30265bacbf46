//! The life of an enrollment up to its submission, and how it is shown.
//!
//! STARTED -> SUBMITTED, and from there on its state follows from its coverages ([`super::coverage`]). CANCELED at once from
//! STARTED; from every later state that is not an end it is CANCEL_PENDING until the partners have confirmed.

use crate::codes::state::Forbidden;
use crate::db::entities::ClosedSet;
use crate::db::entities::enrollment::State;

/// What can be done with an enrollment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The person was verified and consented; the handoffs are queued.
    Submit,
    /// Somebody wants it canceled.
    Cancel,
}

impl Event {
    const fn name(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Cancel => "cancel",
        }
    }
}

/// Gives the state after an event.
pub fn on(state: State, event: Event) -> Result<State, Forbidden> {
    match (state, event) {
        (State::Started, Event::Submit) => Ok(State::Submitted),
        (State::Started, Event::Cancel) => Ok(State::Canceled),
        (
            State::Submitted
            | State::Active
            | State::PartlyActive
            | State::ActionRequired
            | State::Suspended,
            Event::Cancel,
        ) => Ok(State::CancelPending),
        (state, event) => Err(Forbidden {
            from: state.as_str(),
            event: event.name(),
        }),
    }
}

/// Where an enrollment stands as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// As it is stored.
    Stored(State),
    /// Started, and the identity process has a good verification of it.
    Verified,
}

impl Shown {
    /// Gives the name in the contract and in audit events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stored(state) => state.as_str(),
            Self::Verified => "VERIFIED",
        }
    }
}

/// Gives the state of an enrollment as every answer shows it.
pub fn shown(state: State, is_verified: bool) -> Shown {
    match state {
        State::Started if is_verified => Shown::Verified,
        state => Shown::Stored(state),
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::Iterable;

    use super::*;

    #[test]
    fn the_whole_table_is_this() {
        let rows: Vec<String> = State::iter()
            .map(|state| {
                let next = [Event::Submit, Event::Cancel];
                let next = next.map(|event| on(state, event).map_or("-", State::as_str));
                format!("{}: {}", state.as_str(), next.join(" "))
            })
            .collect();
        assert_eq!(
            rows,
            [
                "STARTED: SUBMITTED CANCELED",
                "SUBMITTED: - CANCEL_PENDING",
                "ACTIVE: - CANCEL_PENDING",
                "PARTLY_ACTIVE: - CANCEL_PENDING",
                "ACTION_REQUIRED: - CANCEL_PENDING",
                "REFUSED: - -",
                "SUSPENDED: - CANCEL_PENDING",
                "ENDED: - -",
                "CANCEL_PENDING: - -",
                "CANCELED: - -",
            ]
        );
    }

    #[test]
    fn a_live_enrollment_can_be_canceled_once_and_no_other() {
        for state in State::iter() {
            let live = State::LIVE.contains(&state);
            let can = live && state != State::CancelPending;
            assert_eq!(on(state, Event::Cancel).is_ok(), can, "{state:?}");
            assert_eq!(
                State::IS_LIVE.contains(&format!("'{}'", state.as_str())),
                live
            );
        }
    }

    #[test]
    fn a_forbidden_step_names_state_and_event() {
        let forbidden = on(State::Canceled, Event::Submit).unwrap_err();
        assert_eq!(forbidden.to_string(), "submit does not fit CANCELED");
    }

    #[test]
    fn only_a_started_enrollment_is_shown_as_verified() {
        assert_eq!(shown(State::Started, true).as_str(), "VERIFIED");
        for state in State::iter() {
            assert_eq!(shown(state, false), Shown::Stored(state));
            assert_eq!(
                shown(state, true) == Shown::Verified,
                state == State::Started
            );
        }
    }
}
