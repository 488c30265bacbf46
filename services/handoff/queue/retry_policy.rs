//! From what a call to a partner came to, to what happens next. Pure.
//!
//! | The call came to | Attempt | Next | Counts towards DEAD |
//! |---|---|---|---|
//! | an answer that can be read | ANSWERED | the fact is recorded | |
//! | INVALID_ARGUMENT to an enrollment | ANSWERED | ACTION_REQUIRED, INVALID_INPUT | |
//! | no connection | UNAVAILABLE | QUEUED with back-off, as if not tried | no |
//! | UNAVAILABLE from the partner | UNAVAILABLE | QUEUED with back-off; asked first next time | no |
//! | RESOURCE_EXHAUSTED | THROTTLED | QUEUED, not before the partner's wish; the pace halves | no |
//! | UNAUTHENTICATED, PERMISSION_DENIED, UNIMPLEMENTED | REJECTED | QUEUED with back-off: the partner is at fault, not the handoff | no |
//! | time-out, connection lost after sending, an error that says nothing | UNSEEN | UNSETTLED with back-off: asked before it is sent again | yes |
//! | any other refusal of the call | REJECTED | QUEUED with back-off; asked first next time | yes |
//! | an answer that cannot be read | UNREADABLE | UNSETTLED with back-off | yes |
//! | asked after an answer never seen, and the question got none | UNAVAILABLE | UNSETTLED with back-off | no |
//! | a key missing in our keyring | NOT_OPENED | QUEUED with back-off | no |
//! | a person erased or unreadable | GAVE_UP | DEAD at once | |
//!
//! A partner that is down for a week costs no handoff its life: what does not count backs off without end, up to the cap
//! of the back-off, and the circuit breaker keeps the attempts few. What counts gives up after `max_failures`.

use std::time::Duration;

use crate::handoff::vocabulary::{AttemptResult, DeadReason, OutcomeClass};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::Ids;
use crate::kernel::retry::Backoff;

use super::state::Fact;

/// What a partner said, with what goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What it said.
    pub fact: Fact,
    /// Its own reference, if it gave one.
    pub reference: Option<String>,
    /// Since when it is so.
    pub effective_at: Timestamp,
}

/// What a call, or an inquiry and a call, came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The partner said how it stands.
    Said(Report),
    /// The partner refuses a field of the person.
    InvalidInput,
    /// There was no connection: it was surely not sent.
    NotReached,
    /// The partner cannot work now.
    Unavailable,
    /// The partner wants a slower pace.
    Busy {
        /// How long it wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// The partner does not let us in, or does not know the method.
    NotAllowed,
    /// It was sent, and nobody knows what became of it.
    Unseen,
    /// The partner was asked what became of an earlier attempt, and did not say.
    StillUnknown,
    /// The partner refused this call.
    Rejected,
    /// The answer cannot be read.
    Unreadable,
    /// A key is missing here; it was not sent.
    NotOpened,
    /// It can never be sent.
    Hopeless(DeadReason),
}

/// What happens to the handoff now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The fact is recorded, whatever the lease says.
    Record(Report),
    /// It waits again.
    PutBack {
        /// How long.
        after: Duration,
        /// Whether it is as if this attempt had never been; an earlier one may still have been sent.
        unsent: bool,
    },
    /// It is asked after before it is sent again.
    Ask {
        /// How long it waits before.
        after: Duration,
    },
    /// It is given up on.
    GiveUp(DeadReason),
}

/// How patient we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The waits between attempts.
    pub backoff: Backoff,
    /// After so many attempts that count, a handoff is DEAD.
    pub max_failures: u32,
}

impl Answer {
    /// Gives the word that the attempt's row holds.
    pub fn result(&self) -> AttemptResult {
        match self {
            Self::Said(_) | Self::InvalidInput => AttemptResult::Answered,
            Self::NotReached | Self::Unavailable | Self::StillUnknown => AttemptResult::Unavailable,
            Self::Busy { .. } => AttemptResult::Throttled,
            Self::Unseen => AttemptResult::Unseen,
            Self::NotAllowed | Self::Rejected => AttemptResult::Rejected,
            Self::Unreadable => AttemptResult::Unreadable,
            Self::NotOpened => AttemptResult::NotOpened,
            Self::Hopeless(_) => AttemptResult::GaveUp,
        }
    }

    /// Gives the reason to give up for, if this answer counts towards giving up.
    fn counts(&self) -> Option<DeadReason> {
        match self {
            Self::Unseen => Some(DeadReason::AnswerNeverSeen),
            Self::Rejected => Some(DeadReason::CallRejected),
            Self::Unreadable => Some(DeadReason::AnswerUnreadable),
            Self::Said(_)
            | Self::InvalidInput
            | Self::NotReached
            | Self::Unavailable
            | Self::Busy { .. }
            | Self::StillUnknown
            | Self::NotAllowed
            | Self::NotOpened
            | Self::Hopeless(_) => None,
        }
    }
}

/// What is known about the attempts when an answer comes.
#[derive(Clone, Copy, Debug)]
pub struct History {
    /// How often the handoff was offered, this attempt included.
    pub attempts: u32,
    /// How many attempts before this one counted towards giving up; see [`failures`].
    pub failures: u32,
}

/// Decides what happens to a handoff.
pub fn next(
    answer: Answer,
    history: History,
    patience: &Patience,
    now: Timestamp,
    ids: &Ids,
) -> Next {
    if let Some(reason) = answer.counts()
        && history.failures + 1 >= patience.max_failures
    {
        return Next::GiveUp(reason);
    }
    let after = patience
        .backoff
        .delay(history.attempts.saturating_sub(1), ids);
    match answer {
        Answer::Said(report) => Next::Record(report),
        Answer::InvalidInput => Next::Record(Report {
            fact: Fact::ActionRequired(OutcomeClass::InvalidInput),
            reference: None,
            effective_at: now,
        }),
        Answer::NotReached | Answer::NotOpened => Next::PutBack {
            after,
            unsent: true,
        },
        Answer::Unavailable | Answer::NotAllowed | Answer::Rejected => Next::PutBack {
            after,
            unsent: false,
        },
        Answer::Busy { retry_after } => Next::PutBack {
            after: retry_after.map_or(after, |wish| wish.min(MAX_WISH) + after),
            unsent: true,
        },
        Answer::Unseen | Answer::StillUnknown | Answer::Unreadable => Next::Ask { after },
        Answer::Hopeless(reason) => Next::GiveUp(reason),
    }
}

/// A partner may ask for this much rest at most.
const MAX_WISH: Duration = Duration::from_mins(15);

/// Counts the attempts that count, latest first, back to the last time an operator replayed the handoff.
pub fn failures(latest_first: impl IntoIterator<Item = AttemptResult>) -> u32 {
    latest_first
        .into_iter()
        .take_while(|result| *result != AttemptResult::GaveUp)
        .map(|result| match result {
            AttemptResult::Unseen | AttemptResult::Unreadable | AttemptResult::Rejected => 1,
            AttemptResult::Answered
            | AttemptResult::Unavailable
            | AttemptResult::Throttled
            | AttemptResult::LeaseExpired
            | AttemptResult::NotOpened
            | AttemptResult::GaveUp => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::clock::Clock;

    const PATIENCE: Patience = Patience {
        backoff: Backoff::new(Duration::from_secs(1), Duration::from_mins(1)),
        max_failures: 3,
    };

    fn decide(answer: Answer, failures: u32) -> Next {
        let ids = Ids::seeded(Clock::manual(Timestamp::EPOCH).0, 3);
        let history = History {
            attempts: 4,
            failures,
        };
        next(answer, history, &PATIENCE, Timestamp::EPOCH, &ids)
    }

    #[test]
    fn what_was_never_sent_is_put_back_as_unsent() {
        for answer in [Answer::NotReached, Answer::NotOpened] {
            assert!(matches!(
                decide(answer, 99),
                Next::PutBack { unsent: true, .. }
            ));
        }
        for answer in [Answer::Unavailable, Answer::NotAllowed] {
            assert!(matches!(
                decide(answer, 99),
                Next::PutBack { unsent: false, .. }
            ));
        }
    }

    #[test]
    fn an_answer_never_seen_is_asked_after_until_patience_ends() {
        assert!(matches!(decide(Answer::Unseen, 1), Next::Ask { .. }));
        assert!(matches!(decide(Answer::StillUnknown, 99), Next::Ask { .. }));
        assert_eq!(
            decide(Answer::Unseen, 2),
            Next::GiveUp(DeadReason::AnswerNeverSeen)
        );
        assert_eq!(
            decide(Answer::Rejected, 2),
            Next::GiveUp(DeadReason::CallRejected)
        );
    }

    #[test]
    fn a_busy_partner_gets_the_rest_it_wants_within_reason() {
        let hour = Some(Duration::from_hours(1));
        let Next::PutBack { after, .. } = decide(Answer::Busy { retry_after: hour }, 99) else {
            panic!("not put back")
        };
        assert!(after >= MAX_WISH && after <= MAX_WISH + PATIENCE.backoff.cap);
    }

    #[test]
    fn a_refused_field_needs_the_person_and_not_another_try() {
        let Next::Record(report) = decide(Answer::InvalidInput, 99) else {
            panic!("not recorded")
        };
        assert_eq!(
            report.fact,
            Fact::ActionRequired(OutcomeClass::InvalidInput)
        );
    }

    #[test]
    fn failures_are_counted_back_to_the_last_replay() {
        use AttemptResult::{GaveUp, Rejected, Throttled, Unavailable, Unseen};
        assert_eq!(failures([]), 0);
        assert_eq!(failures([Unseen, Unavailable, Throttled, Rejected]), 2);
        assert_eq!(failures([Unseen, GaveUp, Unseen, Unseen]), 1);
    }
}
