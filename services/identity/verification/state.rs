//! The machine of a verification.

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::IndividualId;

/// Says that an event does not fit a state. Both names are constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{event} does not fit {from}")]
pub struct Forbidden {
    /// The state.
    pub from: &'static str,
    /// The event.
    pub event: &'static str,
}

/// A verification: PENDING -> CONFIRMATION_REQUIRED -> VERIFIED | REFERRED -> VERIFIED | REFUSED.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// Made, not yet decided.
    Pending,
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
    /// The claims agree and a fresh letter proves the rest.
    Accept {
        /// The person.
        individual: IndividualId,
        /// When.
        at: Timestamp,
    },
    /// The claims agree and nothing else proves anything.
    AskConfirmation {
        /// The person.
        individual: IndividualId,
    },
    /// A person must look at it.
    Refer {
        /// The person on the roster.
        individual: IndividualId,
    },
    /// The claims do not agree, or there is nobody to agree with.
    Refuse {
        /// When.
        at: Timestamp,
    },
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
}

impl Verification {
    /// The names of the states, in the order of a life.
    pub const NAMES: [&'static str; 5] = [
        "PENDING",
        "CONFIRMATION_REQUIRED",
        "VERIFIED",
        "REFERRED",
        "REFUSED",
    ];

    /// Gives the name in the column and on the wire.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::ConfirmationRequired { .. } => "CONFIRMATION_REQUIRED",
            Self::Verified { .. } => "VERIFIED",
            Self::Referred { .. } => "REFERRED",
            Self::Refused { .. } => "REFUSED",
        }
    }

    /// Reads the columns of a row; nothing if they do not fit together.
    pub fn read(
        state: &str,
        individual: Option<IndividualId>,
        decided_at: Option<Timestamp>,
    ) -> Option<Self> {
        Some(match (state, individual, decided_at) {
            ("PENDING", _, None) => Self::Pending,
            ("CONFIRMATION_REQUIRED", Some(individual), None) => {
                Self::ConfirmationRequired { individual }
            }
            ("VERIFIED", Some(individual), Some(decided_at)) => Self::Verified {
                individual,
                decided_at,
            },
            ("REFERRED", Some(individual), None) => Self::Referred { individual },
            ("REFUSED", _, Some(decided_at)) => Self::Refused { decided_at },
            _ => return None,
        })
    }

    /// Gives the individual that this state names.
    pub const fn individual(&self) -> Option<IndividualId> {
        match self {
            Self::ConfirmationRequired { individual }
            | Self::Verified { individual, .. }
            | Self::Referred { individual } => Some(*individual),
            Self::Pending | Self::Refused { .. } => None,
        }
    }

    /// Gives when it was decided for good.
    pub const fn decided_at(&self) -> Option<Timestamp> {
        match self {
            Self::Verified { decided_at, .. } | Self::Refused { decided_at } => Some(*decided_at),
            Self::Pending | Self::ConfirmationRequired { .. } | Self::Referred { .. } => None,
        }
    }

    /// Gives the state after an event.
    #[expect(
        clippy::match_same_arms,
        reason = "a table of transitions reads by its rows"
    )]
    pub const fn on(self, event: VerificationEvent) -> Result<Self, Forbidden> {
        use VerificationEvent as E;
        Ok(match (self, event) {
            (Self::Pending, E::Accept { individual, at }) => Self::Verified {
                individual,
                decided_at: at,
            },
            (Self::Pending, E::AskConfirmation { individual }) => {
                Self::ConfirmationRequired { individual }
            }
            (Self::Pending, E::Refer { individual }) => Self::Referred { individual },
            (Self::Pending, E::Refuse { at }) | (Self::Referred { .. }, E::Deny { at }) => {
                Self::Refused { decided_at: at }
            }
            (Self::ConfirmationRequired { individual }, E::Confirm { at })
            | (Self::Referred { individual }, E::Approve { at }) => Self::Verified {
                individual,
                decided_at: at,
            },
            (from, event) => {
                return Err(Forbidden {
                    from: from.as_str(),
                    event: event.as_str(),
                });
            }
        })
    }
}

impl VerificationEvent {
    /// Gives the name for messages.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Accept { .. } => "accept",
            Self::AskConfirmation { .. } => "ask confirmation",
            Self::Refer { .. } => "refer",
            Self::Refuse { .. } => "refuse",
            Self::Confirm { .. } => "confirm",
            Self::Approve { .. } => "approve",
            Self::Deny { .. } => "deny",
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
            E::Accept {
                individual: ADA,
                at: NOW,
            },
            E::AskConfirmation { individual: ADA },
            E::Refer { individual: ADA },
            E::Refuse { at: NOW },
            E::Confirm { at: NOW },
            E::Approve { at: NOW },
            E::Deny { at: NOW },
        ];
        let reached: Vec<Verification> = events
            .iter()
            .filter_map(|event| Verification::Pending.on(*event).ok())
            .collect();
        assert_eq!(reached.len(), 4);
        for state in reached {
            let next: Vec<&str> = events
                .iter()
                .filter_map(|event| state.on(*event).ok())
                .map(|state| state.as_str())
                .collect();
            let expected: &[&str] = match state {
                Verification::ConfirmationRequired { .. } => &["VERIFIED"],
                Verification::Referred { .. } => &["VERIFIED", "REFUSED"],
                _ => &[],
            };
            assert_eq!(next, expected, "{state:?}");
            assert_eq!(
                Verification::read(state.as_str(), state.individual(), state.decided_at()),
                Some(state)
            );
        }
    }
}
