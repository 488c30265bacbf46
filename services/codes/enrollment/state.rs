//! The life of an enrollment.
//!
//! STARTED -> VERIFIED -> SUBMITTED -> ACTIVE | ACTION_REQUIRED | REFUSED, ACTION_REQUIRED -> ACTIVE | REFUSED,
//! ACTIVE -> ENDED, and CANCELED from every state that is not an end. Nothing leads out of CANCELED, REFUSED and ENDED:
//! an outcome that comes late is recorded and changes nothing.

use jiff::civil::Date;

use crate::codes::state::{Forbidden, kinds};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{HandoffId, VerificationId};

kinds! {
    /// The name of a state.
    Kind {
        /// Begun; identity not yet verified.
        Started = "STARTED",
        /// Identity verified; consent outstanding.
        Verified = "VERIFIED",
        /// Completed by the person, on its way to the partner.
        Submitted = "SUBMITTED",
        /// Monitoring runs.
        Active = "ACTIVE",
        /// Somebody must act first.
        ActionRequired = "ACTION_REQUIRED",
        /// The partner refused.
        Refused = "REFUSED",
        /// The term is over.
        Ended = "ENDED",
        /// Canceled.
        Canceled = "CANCELED",
    }
}

impl Kind {
    /// The states of which an individual has at most one enrollment at a time.
    pub const LIVE: [Self; 5] = [
        Self::Started,
        Self::Verified,
        Self::Submitted,
        Self::Active,
        Self::ActionRequired,
    ];

    /// Tells whether the person has not completed it yet.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Started | Self::Verified)
    }
}

/// A state with what it has earned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Begun.
    Started,
    /// Verified by this verification.
    Verified {
        /// The proof of who it is.
        verification: VerificationId,
    },
    /// On its way to the partner.
    Submitted {
        /// Under this handoff.
        handoff: HandoffId,
    },
    /// Monitoring runs.
    Active {
        /// Since this instant.
        since: Timestamp,
        /// To the end of this day.
        term_ends_on: Date,
    },
    /// Somebody must act first.
    ActionRequired {
        /// Why, by outcome class.
        class: String,
    },
    /// The partner refused.
    Refused {
        /// Why, by outcome class.
        class: String,
    },
    /// The term is over.
    Ended,
    /// Canceled.
    Canceled,
}

/// What can happen to an enrollment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The person was verified.
    Verify(VerificationId),
    /// The person consented; the handoff is queued.
    Submit(HandoffId),
    /// The partner started the monitoring.
    Activate {
        /// When.
        at: Timestamp,
        /// The last day of the term.
        term_ends_on: Date,
    },
    /// The partner waits for somebody.
    RequireAction(String),
    /// The partner refused.
    Refuse(String),
    /// The last day of the term has passed.
    EndTerm,
    /// The person, or the partner, canceled.
    Cancel,
}

impl Event {
    const fn name(&self) -> &'static str {
        match self {
            Self::Verify(_) => "verify",
            Self::Submit(_) => "submit",
            Self::Activate { .. } => "activate",
            Self::RequireAction(_) => "require action",
            Self::Refuse(_) => "refuse",
            Self::EndTerm => "end the term",
            Self::Cancel => "cancel",
        }
    }
}

impl State {
    /// Gives the name of the state.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Started => Kind::Started,
            Self::Verified { .. } => Kind::Verified,
            Self::Submitted { .. } => Kind::Submitted,
            Self::Active { .. } => Kind::Active,
            Self::ActionRequired { .. } => Kind::ActionRequired,
            Self::Refused { .. } => Kind::Refused,
            Self::Ended => Kind::Ended,
            Self::Canceled => Kind::Canceled,
        }
    }

    /// Gives the state after an event.
    pub fn on(self, event: Event) -> Result<Self, Forbidden> {
        match (self, event) {
            (Self::Started, Event::Verify(verification)) => Ok(Self::Verified { verification }),
            (Self::Verified { .. }, Event::Submit(handoff)) => Ok(Self::Submitted { handoff }),
            (
                Self::Submitted { .. } | Self::ActionRequired { .. },
                Event::Activate { at, term_ends_on },
            ) => Ok(Self::Active {
                since: at,
                term_ends_on,
            }),
            (Self::Submitted { .. } | Self::ActionRequired { .. }, Event::RequireAction(class)) => {
                Ok(Self::ActionRequired { class })
            }
            (Self::Submitted { .. } | Self::ActionRequired { .. }, Event::Refuse(class)) => {
                Ok(Self::Refused { class })
            }
            (Self::Active { .. }, Event::EndTerm) => Ok(Self::Ended),
            (
                Self::Started
                | Self::Verified { .. }
                | Self::Submitted { .. }
                | Self::Active { .. }
                | Self::ActionRequired { .. },
                Event::Cancel,
            ) => Ok(Self::Canceled),
            (state, event) => Err(Forbidden {
                from: state.kind().as_str(),
                event: event.name(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use uuid::Uuid;

    use super::*;

    fn states() -> Vec<State> {
        vec![
            State::Started,
            State::Verified {
                verification: VerificationId::from_uuid(Uuid::nil()),
            },
            State::Submitted {
                handoff: HandoffId::from_uuid(Uuid::nil()),
            },
            State::Active {
                since: Timestamp::EPOCH,
                term_ends_on: date(2017, 8, 1),
            },
            State::ActionRequired {
                class: "FILE_FROZEN".to_owned(),
            },
            State::Refused {
                class: "THIN_FILE".to_owned(),
            },
            State::Ended,
            State::Canceled,
        ]
    }

    fn events() -> Vec<Event> {
        vec![
            Event::Verify(VerificationId::from_uuid(Uuid::nil())),
            Event::Submit(HandoffId::from_uuid(Uuid::nil())),
            Event::Activate {
                at: Timestamp::EPOCH,
                term_ends_on: date(2017, 8, 1),
            },
            Event::RequireAction("FILE_FROZEN".to_owned()),
            Event::Refuse("THIN_FILE".to_owned()),
            Event::EndTerm,
            Event::Cancel,
        ]
    }

    #[test]
    fn the_whole_table_is_this() {
        let rows: Vec<String> = states()
            .into_iter()
            .map(|state| {
                let next = events()
                    .into_iter()
                    .map(|event| match state.clone().on(event) {
                        Ok(next) => next.kind().as_str(),
                        Err(_) => "-",
                    });
                format!(
                    "{}: {}",
                    state.kind().as_str(),
                    next.collect::<Vec<_>>().join(" ")
                )
            })
            .collect();
        assert_eq!(
            rows,
            [
                "STARTED: VERIFIED - - - - - CANCELED",
                "VERIFIED: - SUBMITTED - - - - CANCELED",
                "SUBMITTED: - - ACTIVE ACTION_REQUIRED REFUSED - CANCELED",
                "ACTIVE: - - - - - ENDED CANCELED",
                "ACTION_REQUIRED: - - ACTIVE ACTION_REQUIRED REFUSED - CANCELED",
                "REFUSED: - - - - - - -",
                "ENDED: - - - - - - -",
                "CANCELED: - - - - - - -",
            ]
        );
    }

    #[test]
    fn a_forbidden_step_names_state_and_event() {
        let forbidden = State::Canceled.on(Event::EndTerm).unwrap_err();
        assert_eq!(forbidden.to_string(), "end the term does not fit CANCELED");
    }
}
