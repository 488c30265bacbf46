//! The life of an enrollment.
//!
//! STARTED -> SUBMITTED -> ACTIVE | ACTION_REQUIRED | REFUSED, ACTION_REQUIRED -> ACTIVE | REFUSED, ACTIVE -> ENDED, and
//! CANCELED from every state that is not an end. Nothing leads out of CANCELED, REFUSED and ENDED: an outcome that comes late
//! is recorded and changes nothing.

use crate::codes::state::Forbidden;
use crate::db::entities::ClosedSet;
use crate::db::entities::enrollment::State;

/// What can happen to an enrollment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The person was verified and consented; the handoff is queued.
    Submit,
    /// The partner started the monitoring.
    Activate,
    /// The partner waits for somebody.
    RequireAction,
    /// The partner refused.
    Refuse,
    /// The last day of the term has passed.
    EndTerm,
    /// The person, or the partner, canceled.
    Cancel,
}

impl Event {
    const fn name(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Activate => "activate",
            Self::RequireAction => "require action",
            Self::Refuse => "refuse",
            Self::EndTerm => "end the term",
            Self::Cancel => "cancel",
        }
    }
}

/// Gives the state after an event.
pub fn on(state: State, event: Event) -> Result<State, Forbidden> {
    match (state, event) {
        (State::Started, Event::Submit) => Ok(State::Submitted),
        (State::Submitted | State::ActionRequired, Event::Activate) => Ok(State::Active),
        (State::Submitted | State::ActionRequired, Event::RequireAction) => {
            Ok(State::ActionRequired)
        }
        (State::Submitted | State::ActionRequired, Event::Refuse) => Ok(State::Refused),
        (State::Active, Event::EndTerm) => Ok(State::Ended),
        (
            State::Started | State::Submitted | State::Active | State::ActionRequired,
            Event::Cancel,
        ) => Ok(State::Canceled),
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

    const EVENTS: [Event; 6] = [
        Event::Submit,
        Event::Activate,
        Event::RequireAction,
        Event::Refuse,
        Event::EndTerm,
        Event::Cancel,
    ];

    #[test]
    fn the_whole_table_is_this() {
        let rows: Vec<String> = State::iter()
            .map(|state| {
                let next = EVENTS.map(|event| on(state, event).map_or("-", State::as_str));
                format!("{}: {}", state.as_str(), next.join(" "))
            })
            .collect();
        assert_eq!(
            rows,
            [
                "STARTED: SUBMITTED - - - - CANCELED",
                "SUBMITTED: - ACTIVE ACTION_REQUIRED REFUSED - CANCELED",
                "ACTIVE: - - - - ENDED CANCELED",
                "ACTION_REQUIRED: - ACTIVE ACTION_REQUIRED REFUSED - CANCELED",
                "REFUSED: - - - - - -",
                "ENDED: - - - - - -",
                "CANCELED: - - - - - -",
            ]
        );
    }

    #[test]
    fn a_live_enrollment_can_be_canceled_and_no_other() {
        for state in State::iter() {
            let live = State::LIVE.contains(&state);
            assert_eq!(on(state, Event::Cancel).is_ok(), live, "{state:?}");
            assert_eq!(
                State::IS_LIVE.contains(&format!("'{}'", state.as_str())),
                live
            );
        }
    }

    #[test]
    fn a_forbidden_step_names_state_and_event() {
        let forbidden = on(State::Canceled, Event::EndTerm).unwrap_err();
        assert_eq!(forbidden.to_string(), "end the term does not fit CANCELED");
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
