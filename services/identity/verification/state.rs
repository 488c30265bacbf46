//! The pure machines of a verification, a confirmation code and a referral.
//!
//! `on` is the only way from one state to the next. The stores repeat the same rule as a condition of their UPDATE, and
//! demand that exactly one row was changed.

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

/// A confirmation code: SENT -> CONFIRMED | SPENT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// On its way or in the person's hands.
    Sent {
        /// Wrong tries so far.
        attempts: i32,
        /// When it stops being good.
        expires_at: Timestamp,
    },
    /// It came back.
    Confirmed {
        /// Tries it took.
        attempts: i32,
    },
    /// Tried too often, or a newer one took its place.
    Spent {
        /// Wrong tries.
        attempts: i32,
    },
}

/// What can happen to a confirmation code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfirmationEvent {
    /// Somebody typed digits.
    Try {
        /// Whether they are the ones that were sent.
        right: bool,
        /// When.
        at: Timestamp,
        /// How many tries a code takes.
        tries: i32,
    },
    /// A newer code was sent.
    Supersede,
}

impl Confirmation {
    /// Gives the name in the column.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Sent { .. } => "SENT",
            Self::Confirmed { .. } => "CONFIRMED",
            Self::Spent { .. } => "SPENT",
        }
    }

    /// Gives the tries so far.
    pub const fn attempts(&self) -> i32 {
        match self {
            Self::Sent { attempts, .. }
            | Self::Confirmed { attempts }
            | Self::Spent { attempts } => *attempts,
        }
    }

    /// Reads the columns of a row.
    pub fn read(state: &str, attempts: i32, expires_at: Timestamp) -> Option<Self> {
        Some(match state {
            "SENT" => Self::Sent {
                attempts,
                expires_at,
            },
            "CONFIRMED" => Self::Confirmed { attempts },
            "SPENT" => Self::Spent { attempts },
            _ => return None,
        })
    }

    /// Gives the state after an event. A try after the end changes nothing and is no error: the caller must not tell it from
    /// a wrong one.
    #[must_use]
    pub fn on(self, event: ConfirmationEvent) -> Self {
        match (self, event) {
            (
                Self::Sent {
                    attempts,
                    expires_at,
                },
                ConfirmationEvent::Try { right, at, tries },
            ) => {
                if at >= expires_at || attempts >= tries {
                    Self::Spent { attempts }
                } else if right {
                    Self::Confirmed {
                        attempts: attempts + 1,
                    }
                } else if attempts + 1 >= tries {
                    Self::Spent {
                        attempts: attempts + 1,
                    }
                } else {
                    Self::Sent {
                        attempts: attempts + 1,
                        expires_at,
                    }
                }
            }
            (Self::Sent { attempts, .. }, ConfirmationEvent::Supersede) => Self::Spent { attempts },
            (ended, _) => ended,
        }
    }
}

/// How a referral was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// The person is who they say.
    Approved,
    /// Not enough to say so.
    Denied,
}

impl Ruling {
    /// Gives the name in the column and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "APPROVED",
            Self::Denied => "DENIED",
        }
    }
}

/// A referral: OPEN -> APPROVED | DENIED.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Referral {
    /// Waits for a person.
    Open,
    /// Decided, once and for all.
    Decided(Ruling),
}

/// Why a referral cannot be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecidable {
    /// Somebody was faster.
    #[error("the referral was decided")]
    Decided,
    /// Who asked may not decide.
    #[error("a second person is required")]
    SamePerson,
}

impl Referral {
    /// Gives the name in the column and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Decided(ruling) => ruling.as_str(),
        }
    }

    /// Reads [`Referral::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Open,
            Self::Decided(Ruling::Approved),
            Self::Decided(Ruling::Denied),
        ]
        .into_iter()
        .find(|state| state.as_str() == text)
    }

    /// Decides, if it waits and if the reviewer is not who asked.
    pub fn on(self, ruling: Ruling, opened_by: &str, reviewer: &str) -> Result<Self, Undecidable> {
        match self {
            Self::Open if opened_by == reviewer => Err(Undecidable::SamePerson),
            Self::Open => Ok(Self::Decided(ruling)),
            Self::Decided(_) => Err(Undecidable::Decided),
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

    #[test]
    fn five_wrong_tries_spend_a_code_and_the_right_one_comes_too_late() {
        let attempt = |right| ConfirmationEvent::Try {
            right,
            at: NOW,
            tries: 5,
        };
        let mut code = Confirmation::Sent {
            attempts: 0,
            expires_at: Timestamp::from_micros(6),
        };
        for _ in 0..4 {
            code = code.on(attempt(false));
            assert_eq!(code.as_str(), "SENT");
        }
        assert_eq!(
            code.on(attempt(true)),
            Confirmation::Confirmed { attempts: 5 }
        );
        code = code.on(attempt(false));
        assert_eq!(code, Confirmation::Spent { attempts: 5 });
        assert_eq!(code.on(attempt(true)), code);
    }

    #[test]
    fn a_code_is_good_once_and_until_it_expires() {
        let right = ConfirmationEvent::Try {
            right: true,
            at: NOW,
            tries: 5,
        };
        let late = Confirmation::Sent {
            attempts: 0,
            expires_at: NOW,
        };
        assert_eq!(late.on(right), Confirmation::Spent { attempts: 0 });
        let good = Confirmation::Sent {
            attempts: 0,
            expires_at: Timestamp::from_micros(6),
        };
        assert_eq!(
            good.on(right).on(right),
            Confirmation::Confirmed { attempts: 1 }
        );
        assert_eq!(
            good.on(ConfirmationEvent::Supersede).on(right).as_str(),
            "SPENT"
        );
    }

    #[test]
    fn a_referral_is_decided_once_and_by_another() {
        let decided = Referral::Open
            .on(Ruling::Approved, "portal/one", "operator/ann")
            .unwrap();
        assert_eq!(decided, Referral::Decided(Ruling::Approved));
        assert_eq!(
            decided.on(Ruling::Denied, "portal/one", "operator/bob"),
            Err(Undecidable::Decided)
        );
        assert_eq!(
            Referral::Open.on(Ruling::Approved, "a", "a"),
            Err(Undecidable::SamePerson)
        );
        assert_eq!(
            Referral::parse("DENIED"),
            Some(Referral::Decided(Ruling::Denied))
        );
        assert_eq!(Referral::parse("MAYBE"), None);
    }
}
