//! The life of a handoff, as a pure machine.
//!
//! ```text
//! QUEUED -> LEASED -> ACCEPTED -> ACTIVE | ACTION_REQUIRED | REFUSED | SUSPENDED | ENDED | CANCELED
//!    ^        |  \                 |          |
//!    |        v   v                |          +-> ACTIVE | REFUSED | SUSPENDED | ENDED | CANCELED
//!    +---- UNSETTLED (asked first)  +-> SUSPENDED | ENDED | CANCELED
//!    +---- DEAD (replayed), or ACCEPTED or ACTIVE that the partner lost
//!    +---- ACTION_REQUIRED, REFUSED (ordered again: the next attempt under the same id)
//!    +---- any but LEASED and the ends, where it tells of a person whose data have changed since
//! ```
//!
//! What a partner reports is a [`Fact`]: it happened, so it holds in every state, also after a lease ran out and for a DEAD
//! handoff. REFUSED and ENDED are left, and ACTIVE goes back, only by a correction: a report with a higher revision. CANCELED is
//! never left. What this process does is an [`Event`] and needs the state that it starts from.

use crate::db::entities::handoff::{self, DeadReason};
use crate::db::entities::outcome::{Decision, OutcomeClass};

/// A handoff's state with the reason that it carries. When a handoff is due, or its lease ends, is in its `not_before`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Waits to be offered.
    Queued,
    /// Offered; the holder of the lease says how it went.
    Leased,
    /// Sent, and the answer was never seen: the partner is asked before it is sent again.
    Unsettled,
    /// The partner has it.
    Accepted,
    /// Monitoring runs.
    Active,
    /// Somebody must act first.
    ActionRequired(OutcomeClass),
    /// The partner refused.
    Refused(OutcomeClass),
    /// The partner has stopped it for a while.
    Suspended,
    /// The term is over.
    Ended,
    /// Canceled.
    Canceled,
    /// Given up on.
    Dead(DeadReason),
}

/// What a partner reports about a handoff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Fact {
    /// It has it.
    Accepted,
    /// Monitoring runs.
    Active,
    /// Somebody must act first.
    ActionRequired(OutcomeClass),
    /// It will not enroll this person.
    Refused(OutcomeClass),
    /// It has stopped it for a while.
    Suspended,
    /// The term is over.
    Ended,
    /// It canceled it.
    Canceled,
}

/// What this process does with a handoff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is offered under a lease.
    Lease,
    /// It was certainly not taken: it waits again.
    PutBack,
    /// It was sent, and the answer was not seen.
    LoseAnswer,
    /// It is given up on.
    GiveUp(DeadReason),
    /// An operator queues it again, because it was given up on or because the partner has lost it.
    Replay,
    /// It is ordered again, as another attempt.
    Resubmit,
    /// What it tells has changed since it was ordered: it is told again, as another attempt.
    Renew,
    /// The person withdrew before the newest attempt was offered: what the partner has is the one before.
    Withdraw,
}

/// What a fact changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The handoff moves on.
    Moved(State),
    /// It was known.
    Known,
    /// It contradicts what was known.
    Contradiction,
}

/// Says that an event does not fit the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event does not fit the handoff's state")]
pub struct WrongState {
    /// The state it is in.
    pub from: handoff::State,
}

impl State {
    /// Gives the name of the state, as it stands in the column.
    pub const fn name(&self) -> handoff::State {
        match self {
            Self::Queued => handoff::State::Queued,
            Self::Leased => handoff::State::Leased,
            Self::Unsettled => handoff::State::Unsettled,
            Self::Accepted => handoff::State::Accepted,
            Self::Active => handoff::State::Active,
            Self::ActionRequired(_) => handoff::State::ActionRequired,
            Self::Refused(_) => handoff::State::Refused,
            Self::Suspended => handoff::State::Suspended,
            Self::Ended => handoff::State::Ended,
            Self::Canceled => handoff::State::Canceled,
            Self::Dead(_) => handoff::State::Dead,
        }
    }

    /// Gives what the partner decided; `None` while it has not, or when the handoff was given up on.
    pub const fn decision(&self) -> Option<Decision> {
        match self {
            Self::Active => Some(Decision::Active),
            Self::ActionRequired(class) => Some(Decision::ActionRequired(*class)),
            Self::Refused(class) => Some(Decision::Refused(*class)),
            Self::Suspended => Some(Decision::Suspended),
            Self::Ended => Some(Decision::Ended),
            Self::Canceled => Some(Decision::Canceled),
            Self::Queued | Self::Leased | Self::Unsettled | Self::Accepted | Self::Dead(_) => None,
        }
    }

    /// Gives the outcome class that the state carries.
    pub const fn class(&self) -> Option<OutcomeClass> {
        match self.decision() {
            Some(decision) => decision.columns().1,
            None => None,
        }
    }

    /// Applies a fact from the partner. `is_correction`: the partner says that it replaces what it reported before.
    pub fn apply(self, fact: Fact, is_correction: bool) -> Applied {
        match self {
            Self::Queued | Self::Leased | Self::Unsettled | Self::Dead(_) => {
                Applied::Moved(fact.state())
            }
            // The partner had accepted it before it decided; the acceptance is only late.
            _ if fact == Fact::Accepted => Applied::Known,
            Self::Canceled if fact == Fact::Canceled => Applied::Known,
            // A correction may keep the state and change its dates or the partner's own code.
            _ if fact.state() == self && !is_correction => Applied::Known,
            // The partner decided; or the person acted, or has something else to do, or the partner did not wait longer.
            Self::Accepted | Self::ActionRequired(_) | Self::Suspended => {
                Applied::Moved(fact.state())
            }
            Self::Active if matches!(fact, Fact::Suspended | Fact::Ended | Fact::Canceled) => {
                Applied::Moved(fact.state())
            }
            Self::Active | Self::Refused(_) | Self::Ended if is_correction => {
                Applied::Moved(fact.state())
            }
            Self::Active | Self::Refused(_) | Self::Ended | Self::Canceled => {
                Applied::Contradiction
            }
        }
    }

    /// Does something with the handoff.
    pub const fn on(self, event: Event) -> Result<Self, WrongState> {
        match (self, event) {
            (Self::Queued | Self::Unsettled | Self::Leased, Event::Lease) => Ok(Self::Leased),
            // Whether a DEAD handoff was ever sent is in `sent_at`, so that the partner is asked before it is sent again.
            (Self::Leased, Event::PutBack)
            | (Self::Dead(_) | Self::Accepted | Self::Active, Event::Replay)
            | (Self::ActionRequired(_) | Self::Refused(_), Event::Resubmit)
            | (
                Self::Queued
                | Self::Unsettled
                | Self::Accepted
                | Self::Active
                | Self::ActionRequired(_)
                | Self::Refused(_)
                | Self::Dead(_),
                Event::Renew,
            ) => Ok(Self::Queued),
            (Self::Leased, Event::Withdraw) => Ok(Self::Accepted),
            (Self::Leased, Event::LoseAnswer) => Ok(Self::Unsettled),
            // The partner accepted it, and no longer knows it or does not carry it out.
            (Self::Leased | Self::Accepted, Event::GiveUp(reason)) => Ok(Self::Dead(reason)),
            (state, _) => Err(WrongState { from: state.name() }),
        }
    }
}

impl Fact {
    /// Gives the state that the fact leads to.
    const fn state(self) -> State {
        match self {
            Self::Accepted => State::Accepted,
            Self::Active => State::Active,
            Self::ActionRequired(class) => State::ActionRequired(class),
            Self::Refused(class) => State::Refused(class),
            Self::Suspended => State::Suspended,
            Self::Ended => State::Ended,
            Self::Canceled => State::Canceled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use OutcomeClass::{FileFrozen, NoHit};

    fn open_states() -> [State; 4] {
        [
            State::Queued,
            State::Leased,
            State::Unsettled,
            State::Dead(DeadReason::AnswerNeverSeen),
        ]
    }

    fn facts() -> [Fact; 7] {
        [
            Fact::Accepted,
            Fact::Active,
            Fact::ActionRequired(FileFrozen),
            Fact::Refused(NoHit),
            Fact::Suspended,
            Fact::Ended,
            Fact::Canceled,
        ]
    }

    #[test]
    fn a_fact_holds_whatever_the_lease_says() {
        for state in open_states() {
            for fact in facts() {
                assert_eq!(state.apply(fact, false), Applied::Moved(fact.state()));
            }
        }
    }

    #[test]
    fn the_same_fact_twice_changes_nothing() {
        for fact in facts() {
            let known = fact.state();
            assert_eq!(known.apply(fact, false), Applied::Known, "{fact:?}");
            assert_eq!(known.apply(Fact::Accepted, false), Applied::Known);
        }
    }

    #[test]
    fn a_final_state_is_contradicted_and_never_overwritten() {
        for (known, fact) in [
            (State::Active, Fact::Refused(NoHit)),
            (State::Active, Fact::ActionRequired(NoHit)),
            (State::Refused(NoHit), Fact::Active),
            (State::Refused(NoHit), Fact::Refused(FileFrozen)),
            (State::Refused(NoHit), Fact::Canceled),
            (State::Canceled, Fact::Active),
            (State::Canceled, Fact::Refused(NoHit)),
        ] {
            assert_eq!(
                known.apply(fact, false),
                Applied::Contradiction,
                "{known:?} {fact:?}"
            );
        }
    }

    #[test]
    fn a_correction_takes_back_everything_but_a_cancellation() {
        for known in [State::Active, State::Refused(NoHit), State::Ended] {
            for fact in facts() {
                let expected = if fact == Fact::Accepted {
                    Applied::Known
                } else {
                    Applied::Moved(fact.state())
                };
                assert_eq!(known.apply(fact, true), expected, "{known:?} {fact:?}");
            }
        }
        let late = State::Canceled.apply(Fact::Active, true);
        assert_eq!(late, Applied::Contradiction);
    }

    #[test]
    fn an_action_that_was_taken_leads_on() {
        let waiting = State::ActionRequired(FileFrozen);
        for fact in [
            Fact::Active,
            Fact::Refused(NoHit),
            Fact::ActionRequired(NoHit),
            Fact::Canceled,
        ] {
            assert_eq!(waiting.apply(fact, false), Applied::Moved(fact.state()));
        }
        assert_eq!(
            State::Active.apply(Fact::Canceled, false),
            Applied::Moved(State::Canceled)
        );
    }

    #[test]
    fn only_what_is_open_is_leased_and_only_what_is_leased_is_put_back() {
        let lease = Event::Lease;
        let put_back = Event::PutBack;
        let [queued, leased, unsettled, dead] = open_states();
        for state in [queued, leased, unsettled] {
            assert_eq!(state.on(lease), Ok(State::Leased));
        }
        assert_eq!(leased.on(put_back), Ok(queued));
        assert_eq!(leased.on(Event::LoseAnswer), Ok(unsettled));
        assert_eq!(leased.on(Event::Withdraw), Ok(State::Accepted));
        assert_eq!(
            dead.on(lease),
            Err(WrongState {
                from: handoff::State::Dead
            })
        );
        assert_eq!(
            queued.on(put_back),
            Err(WrongState {
                from: handoff::State::Queued
            })
        );
        assert_eq!(dead.on(Event::Replay), Ok(queued));
        for fact in facts() {
            let known = fact.state();
            let answered = matches!(known, State::ActionRequired(_) | State::Refused(_));
            assert_eq!(known.on(Event::Resubmit).is_ok(), answered, "{fact:?}");
            let is_open = !matches!(fact, Fact::Suspended | Fact::Ended | Fact::Canceled);
            assert_eq!(known.on(Event::Renew).is_ok(), is_open, "{fact:?}");
        }
        // Whoever holds the lease may be sending it now.
        for state in open_states() {
            assert_eq!(state.on(Event::Renew).is_ok(), state != State::Leased);
        }
        for fact in facts() {
            let known = fact.state();
            for event in [lease, put_back] {
                assert_eq!(known.on(event), Err(WrongState { from: known.name() }));
            }
            let can_be_lost = matches!(known, State::Accepted | State::Active);
            assert_eq!(known.on(Event::Replay).is_ok(), can_be_lost, "{fact:?}");
        }
    }
}
