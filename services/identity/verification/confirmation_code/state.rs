//! The machine of a confirmation code.

use crate::db::entities::confirmation_code::State;
use crate::kernel::clock::Timestamp;

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
    /// Names the state.
    pub const fn state(&self) -> State {
        match self {
            Self::Sent { .. } => State::Sent,
            Self::Confirmed { .. } => State::Confirmed,
            Self::Spent { .. } => State::Spent,
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
    pub const fn read(state: State, attempts: i32, expires_at: Timestamp) -> Self {
        match state {
            State::Sent => Self::Sent {
                attempts,
                expires_at,
            },
            State::Confirmed => Self::Confirmed { attempts },
            State::Spent => Self::Spent { attempts },
        }
    }

    /// Gives the state after an event. A try after the end changes nothing and is no error: the caller must not be able to
    /// tell it from a wrong one.
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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(5);

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
            assert_eq!(code.state(), State::Sent);
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
            good.on(ConfirmationEvent::Supersede).on(right).state(),
            State::Spent
        );
    }
}
