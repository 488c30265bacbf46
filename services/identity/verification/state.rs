//! The machine of a verification.
//!
//! [`Verification::on`] is the only way from one state to the next. The store repeats the same rule as a condition of its
//! UPDATE and demands that exactly one row was changed.

use crate::db::entities::verification::State;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::IndividualId;

/// An event does not fit a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not possible in this state")]
pub struct Forbidden {
    /// The state.
    pub from: State,
}

/// A verification. It begins in one of these states: CONFIRMATION_REQUIRED -> VERIFIED, REFERRED -> VERIFIED | REFUSED.
/// A person may repudiate: VERIFIED -> REFUSED. What a guardian began and did not complete lapses when the child comes of age, and so does
/// what waits for a reviewer when the guardian's own verification is repudiated: all -> REFUSED.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// The claims are of this person; a code to a contact on record must show that the person is asking.
    ConfirmationRequired {
        /// The person.
        individual: IndividualId,
    },
    /// The person is who they say.
    Verified {
        /// The person.
        individual: IndividualId,
        /// When that was decided.
        decided_at: Timestamp,
    },
    /// A person reviews it.
    Referred {
        /// The person on the roster.
        individual: IndividualId,
    },
    /// Refused.
    Refused {
        /// When that was decided.
        decided_at: Timestamp,
    },
}

/// What can happen to a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerificationEvent {
    /// The right confirmation code came back.
    Confirm {
        /// When.
        at: Timestamp,
    },
    /// A reviewer approved.
    Approve {
        /// When.
        at: Timestamp,
    },
    /// A reviewer denied.
    Deny {
        /// When.
        at: Timestamp,
    },
    /// The person says that it was not them.
    Repudiate {
        /// When.
        at: Timestamp,
    },
    /// Whoever acted for the person does so no more.
    Lapse {
        /// When.
        at: Timestamp,
    },
}

impl Verification {
    /// Names the state.
    pub const fn state(&self) -> State {
        match self {
            Self::ConfirmationRequired { .. } => State::ConfirmationRequired,
            Self::Verified { .. } => State::Verified,
            Self::Referred { .. } => State::Referred,
            Self::Refused { .. } => State::Refused,
        }
    }

    /// Reads the columns of a row; nothing if they do not fit together.
    pub const fn read(
        state: State,
        individual: Option<IndividualId>,
        decided_at: Option<Timestamp>,
    ) -> Option<Self> {
        Some(match (state, individual, decided_at) {
            (State::ConfirmationRequired, Some(individual), None) => {
                Self::ConfirmationRequired { individual }
            }
            (State::Verified, Some(individual), Some(decided_at)) => Self::Verified {
                individual,
                decided_at,
            },
            (State::Referred, Some(individual), None) => Self::Referred { individual },
            (State::Refused, _, Some(decided_at)) => Self::Refused { decided_at },
            _ => return None,
        })
    }

    /// Gives the individual that this state names.
    pub const fn individual(&self) -> Option<IndividualId> {
        match self {
            Self::ConfirmationRequired { individual }
            | Self::Verified { individual, .. }
            | Self::Referred { individual } => Some(*individual),
            Self::Refused { .. } => None,
        }
    }

    /// Gives when it was decided for good.
    pub const fn decided_at(&self) -> Option<Timestamp> {
        match self {
            Self::Verified { decided_at, .. } | Self::Refused { decided_at } => Some(*decided_at),
            Self::ConfirmationRequired { .. } | Self::Referred { .. } => None,
        }
    }

    /// Gives the state after an event.
    pub const fn on(self, event: VerificationEvent) -> Result<Self, Forbidden> {
        use VerificationEvent as E;
        match (self, event) {
            (Self::ConfirmationRequired { individual }, E::Confirm { at })
            | (Self::Referred { individual }, E::Approve { at }) => Ok(Self::Verified {
                individual,
                decided_at: at,
            }),
            (Self::Referred { .. }, E::Deny { at })
            | (Self::Verified { .. }, E::Repudiate { at })
            | (
                Self::ConfirmationRequired { .. } | Self::Verified { .. } | Self::Referred { .. },
                E::Lapse { at },
            ) => Ok(Self::Refused { decided_at: at }),
            (from, _) => Err(Forbidden { from: from.state() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const ADA: IndividualId = IndividualId::from_uuid(Uuid::from_u128(1));
    const NOW: Timestamp = Timestamp::from_micros(5);

    #[test]
    fn a_refusal_and_a_success_are_final() {
        use VerificationEvent as E;
        let events = [
            E::Confirm { at: NOW },
            E::Approve { at: NOW },
            E::Deny { at: NOW },
        ];
        let states = [
            Verification::ConfirmationRequired { individual: ADA },
            Verification::Verified {
                individual: ADA,
                decided_at: NOW,
            },
            Verification::Referred { individual: ADA },
            Verification::Refused { decided_at: NOW },
        ];
        for state in states {
            let next: Vec<State> = events
                .iter()
                .filter_map(|event| state.on(*event).ok())
                .map(|state| state.state())
                .collect();
            let expected: &[State] = match state {
                Verification::ConfirmationRequired { .. } => &[State::Verified],
                Verification::Referred { .. } => &[State::Verified, State::Refused],
                Verification::Verified { .. } | Verification::Refused { .. } => &[],
            };
            assert_eq!(next, expected, "{state:?}");
            assert_eq!(
                Verification::read(state.state(), state.individual(), state.decided_at()),
                Some(state)
            );
        }
    }

    #[test]
    fn whatever_was_not_refused_lapses_and_only_a_success_is_repudiated() {
        use VerificationEvent as E;
        let verified = Verification::Verified {
            individual: ADA,
            decided_at: NOW,
        };
        let refused = Verification::Refused { decided_at: NOW };
        let open = [
            Verification::ConfirmationRequired { individual: ADA },
            Verification::Referred { individual: ADA },
        ];
        for state in open.into_iter().chain([verified]) {
            assert_eq!(state.on(E::Lapse { at: NOW }), Ok(refused));
            let repudiated = state.on(E::Repudiate { at: NOW });
            assert_eq!(repudiated.is_ok(), state == verified);
        }
        assert!(refused.on(E::Lapse { at: NOW }).is_err());
    }
}
