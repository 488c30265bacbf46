//! The life of a handoff, as a pure machine.
//!
//! ```text
//! QUEUED -> LEASED -> ACCEPTED -> ACTIVE | ACTION_REQUIRED | REFUSED | CANCELED
//!    ^        |  \                           |
//!    |        v   v                          +-> ACTIVE | REFUSED | CANCELED
//!    +---- UNSETTLED -> (asked, then as LEASED)
//!    +---- DEAD (replayed)
//! ```
//!
//! What a partner says is a [`Fact`] and holds in every state, also after a lease ran out and also for a DEAD handoff: it
//! happened. What we do ourselves is an [`Event`] and needs the state it starts from.

use crate::handoff::vocabulary::{DeadReason, OutcomeClass, Stage};
use crate::kernel::clock::Timestamp;

/// A handoff's state with what it has earned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Waits to be offered.
    Queued {
        /// Not before this.
        not_before: Timestamp,
    },
    /// Offered; whoever holds the lease says how it went.
    Leased {
        /// When it may be offered again.
        expires_at: Timestamp,
    },
    /// Sent, and the answer was never seen: the partner is asked before it is sent again.
    Unsettled {
        /// Not asked before this.
        not_before: Timestamp,
    },
    /// The partner has it.
    Accepted {
        /// Since when we know.
        at: Timestamp,
    },
    /// Monitoring runs.
    Active,
    /// Somebody must act first.
    ActionRequired(OutcomeClass),
    /// The partner refused.
    Refused(OutcomeClass),
    /// Withdrawn.
    Canceled,
    /// Given up on.
    Dead(DeadReason),
}

/// What a partner says about a handoff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// It has it.
    Taken,
    /// Monitoring runs.
    Active,
    /// Somebody must act first.
    ActionRequired(OutcomeClass),
    /// It will not enroll this person.
    Refused(OutcomeClass),
    /// It withdrew the enrollment.
    Withdrawn,
}

/// What we do with a handoff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is offered under a lease.
    Lease {
        /// When the lease ends.
        expires_at: Timestamp,
    },
    /// It was surely not taken: it waits again.
    PutBack {
        /// Not before this.
        not_before: Timestamp,
    },
    /// It was sent and nobody knows what became of it.
    LoseAnswer {
        /// Not asked before this.
        not_before: Timestamp,
    },
    /// It is given up on.
    GiveUp(DeadReason),
    /// An operator queues it again.
    Replay {
        /// From now on.
        now: Timestamp,
    },
}

/// What a fact changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learned {
    /// The handoff moves on.
    Moved(State),
    /// It was known.
    Nothing,
    /// It contradicts what was known.
    Contradiction,
}

/// Says that an event does not fit the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a handoff that is {from} cannot do this")]
pub struct WrongState {
    /// The state it is in.
    pub from: Stage,
}

impl State {
    /// Names the state.
    pub const fn stage(&self) -> Stage {
        match self {
            Self::Queued { .. } => Stage::Queued,
            Self::Leased { .. } => Stage::Leased,
            Self::Unsettled { .. } => Stage::Unsettled,
            Self::Accepted { .. } => Stage::Accepted,
            Self::Active => Stage::Active,
            Self::ActionRequired(_) => Stage::ActionRequired,
            Self::Refused(_) => Stage::Refused,
            Self::Canceled => Stage::Canceled,
            Self::Dead(_) => Stage::Dead,
        }
    }

    /// Gives the outcome class that the state carries.
    pub const fn class(&self) -> Option<OutcomeClass> {
        match self {
            Self::ActionRequired(class) | Self::Refused(class) => Some(*class),
            Self::Queued { .. }
            | Self::Leased { .. }
            | Self::Unsettled { .. }
            | Self::Accepted { .. }
            | Self::Active
            | Self::Canceled
            | Self::Dead(_) => None,
        }
    }

    /// Takes a fact from the partner, learned now.
    pub fn learn(self, fact: Fact, now: Timestamp) -> Learned {
        match self {
            Self::Queued { .. } | Self::Leased { .. } | Self::Unsettled { .. } | Self::Dead(_) => {
                Learned::Moved(fact.state(now))
            }
            Self::Accepted { .. } if fact == Fact::Taken => Learned::Nothing,
            Self::Accepted { .. } => Learned::Moved(fact.state(now)),
            // "Taken" is what it was on the way to its end; such an answer is only late.
            _ if fact == Fact::Taken => Learned::Nothing,
            _ if fact.state(now) == self => Learned::Nothing,
            // The person acted, or another thing must be done first, or the partner lost patience.
            Self::ActionRequired(_) => Learned::Moved(fact.state(now)),
            Self::Active if fact == Fact::Withdrawn => Learned::Moved(Self::Canceled),
            Self::Active | Self::Refused(_) | Self::Canceled => Learned::Contradiction,
        }
    }

    /// Does something with the handoff.
    pub fn on(self, event: Event) -> Result<Self, WrongState> {
        match (self, event) {
            (
                Self::Queued { .. } | Self::Unsettled { .. } | Self::Leased { .. },
                Event::Lease { expires_at },
            ) => Ok(Self::Leased { expires_at }),
            (Self::Leased { .. }, Event::PutBack { not_before }) => Ok(Self::Queued { not_before }),
            (Self::Leased { .. }, Event::LoseAnswer { not_before }) => {
                Ok(Self::Unsettled { not_before })
            }
            (Self::Leased { .. }, Event::GiveUp(reason)) => Ok(Self::Dead(reason)),
            // Whether it was ever sent is in the row (`sent_at`), so that it is asked before it is sent again.
            (Self::Dead(_), Event::Replay { now }) => Ok(Self::Queued { not_before: now }),
            (state, _) => Err(WrongState {
                from: state.stage(),
            }),
        }
    }
}

impl Fact {
    /// Gives the state that the fact leads to.
    fn state(self, now: Timestamp) -> State {
        match self {
            Self::Taken => State::Accepted { at: now },
            Self::Active => State::Active,
            Self::ActionRequired(class) => State::ActionRequired(class),
            Self::Refused(class) => State::Refused(class),
            Self::Withdrawn => State::Canceled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use OutcomeClass::{FileFrozen, NoHit};

    const NOW: Timestamp = Timestamp::from_micros(7);

    fn open_states() -> [State; 4] {
        [
            State::Queued { not_before: NOW },
            State::Leased { expires_at: NOW },
            State::Unsettled { not_before: NOW },
            State::Dead(DeadReason::AnswerNeverSeen),
        ]
    }

    fn facts() -> [Fact; 5] {
        [
            Fact::Taken,
            Fact::Active,
            Fact::ActionRequired(FileFrozen),
            Fact::Refused(NoHit),
            Fact::Withdrawn,
        ]
    }

    #[test]
    fn a_fact_holds_whatever_the_lease_says() {
        for state in open_states() {
            for fact in facts() {
                assert_eq!(state.learn(fact, NOW), Learned::Moved(fact.state(NOW)));
            }
        }
    }

    #[test]
    fn the_same_fact_twice_changes_nothing() {
        for fact in facts() {
            let known = fact.state(NOW);
            let later = Timestamp::from_micros(9);
            assert_eq!(known.learn(fact, later), Learned::Nothing, "{fact:?}");
            assert_eq!(known.learn(Fact::Taken, later), Learned::Nothing);
        }
    }

    #[test]
    fn a_final_state_is_contradicted_and_never_overwritten() {
        for (known, fact) in [
            (State::Active, Fact::Refused(NoHit)),
            (State::Active, Fact::ActionRequired(NoHit)),
            (State::Refused(NoHit), Fact::Active),
            (State::Refused(NoHit), Fact::Refused(FileFrozen)),
            (State::Refused(NoHit), Fact::Withdrawn),
            (State::Canceled, Fact::Active),
            (State::Canceled, Fact::Refused(NoHit)),
        ] {
            assert_eq!(
                known.learn(fact, NOW),
                Learned::Contradiction,
                "{known:?} {fact:?}"
            );
        }
    }

    #[test]
    fn an_action_that_was_taken_leads_on() {
        let waiting = State::ActionRequired(FileFrozen);
        for fact in [
            Fact::Active,
            Fact::Refused(NoHit),
            Fact::ActionRequired(NoHit),
            Fact::Withdrawn,
        ] {
            assert_eq!(waiting.learn(fact, NOW), Learned::Moved(fact.state(NOW)));
        }
        assert_eq!(
            State::Active.learn(Fact::Withdrawn, NOW),
            Learned::Moved(State::Canceled)
        );
    }

    #[test]
    fn only_what_is_open_is_leased_and_only_what_is_leased_is_put_back() {
        let lease = Event::Lease { expires_at: NOW };
        let put_back = Event::PutBack { not_before: NOW };
        let [queued, leased, unsettled, dead] = open_states();
        for state in [queued, leased, unsettled] {
            assert_eq!(state.on(lease), Ok(State::Leased { expires_at: NOW }));
        }
        assert_eq!(leased.on(put_back), Ok(queued));
        assert_eq!(
            leased.on(Event::LoseAnswer { not_before: NOW }),
            Ok(unsettled)
        );
        assert_eq!(dead.on(lease), Err(WrongState { from: Stage::Dead }));
        assert_eq!(
            queued.on(put_back),
            Err(WrongState {
                from: Stage::Queued
            })
        );
        assert_eq!(dead.on(Event::Replay { now: NOW }), Ok(queued));
        for fact in facts() {
            let known = fact.state(NOW);
            for event in [lease, put_back, Event::Replay { now: NOW }] {
                assert_eq!(
                    known.on(event),
                    Err(WrongState {
                        from: known.stage()
                    })
                );
            }
        }
    }
}
