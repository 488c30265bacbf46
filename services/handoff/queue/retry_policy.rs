//! What follows from a call to a partner that gave no status. Pure.
//!
//! | The call came to | Attempt | Next | Counts towards DEAD |
//! |---|---|---|---|
//! | a status of the handoff | ANSWERED | the status is applied | |
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
//! A failure that does not count backs off without end, up to the cap of the back-off, and the circuit breaker keeps the
//! attempts few: no handoff is given up on because its partner is down for a week. After `max_failures` that count it is.

use std::time::Duration;

use jiff::civil::Date;

use crate::db::entities::handoff::DeadReason;
use crate::db::entities::handoff_attempt::AttemptResult;
use crate::handoff::settings::Rules;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::Ids;
use crate::kernel::retry::Backoff;

use super::handoff::Handoff;
use super::state::Fact;

/// The longest pause that a partner can ask for.
const LONGEST_PAUSE: Duration = Duration::from_mins(15);
/// The longest time for which a partner that pulls gives an order back.
pub const LONGEST_DELAY: Duration = Duration::from_hours(1);

/// How a handoff stands at the partner, as the partner reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerStatus {
    /// What it reports.
    pub fact: Fact,
    /// Its own reference, if it gave one.
    pub reference: Option<String>,
    /// Its own code beside the outcome class.
    pub native_code: Option<String>,
    /// Its revision of this status; 0 where it gives none.
    pub revision: i64,
    /// The attempt that it speaks of; 0 where it names none.
    pub attempt: i32,
    /// Since when it is so.
    pub effective_at: Timestamp,
    /// The last day of the term by its own count.
    pub term_ends_on: Option<Date>,
}

impl PartnerStatus {
    /// Makes a status that says nothing but a fact.
    pub const fn of(fact: Fact, effective_at: Timestamp) -> Self {
        Self {
            fact,
            reference: None,
            native_code: None,
            revision: 0,
            attempt: 0,
            effective_at,
            term_ends_on: None,
        }
    }

    /// Tells whether the status answers an order, and not that a coverage runs, stopped or ended: those hold whichever order it was.
    pub const fn answers_an_order(&self) -> bool {
        matches!(
            self.fact,
            Fact::Accepted | Fact::ActionRequired(_) | Fact::Refused(_)
        )
    }

    /// Tells whether the status answers an order that another one has replaced. Without a number it speaks of the newest order that was
    /// offered.
    pub fn is_outdated(&self, handoff: &Handoff) -> bool {
        let is_earlier = match self.attempt {
            0 => handoff.order_attempt > 1 && !handoff.is_offered(),
            attempt => attempt < handoff.order_attempt,
        };
        is_earlier && self.answers_an_order()
    }

    /// Gives the status with the attempt that it is the answer to, where it names none.
    #[must_use]
    pub const fn to_attempt(mut self, handoff: &Handoff) -> Self {
        if self.attempt == 0 {
            self.attempt = handoff.order_attempt;
        }
        self
    }
}

/// What a call, or an inquiry and a call, came to.
pub type Answer = Result<PartnerStatus, Failure>;

/// Why a call gave no status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There was no connection: it was certainly not sent.
    NotReached,
    /// The partner cannot work now.
    Unavailable,
    /// The partner wants a slower pace.
    Throttled {
        /// How long it wants no calls.
        retry_after: Option<Duration>,
    },
    /// The partner does not let this process in, or does not know the method.
    NotAllowed,
    /// It was sent, and the answer was not seen.
    Unseen,
    /// The partner was asked what became of an earlier attempt, and did not say.
    StillUnknown,
    /// The partner refused this call.
    Rejected,
    /// The answer cannot be read.
    Unreadable,
    /// A key is missing here; it was not sent.
    KeyMissing,
    /// It can never be sent.
    Undeliverable(DeadReason),
}

/// What happens to the handoff after a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// It waits again.
    PutBack {
        /// How long.
        after: Duration,
        /// Whether this attempt was certainly not sent; an earlier one may have been.
        unsent: bool,
    },
    /// The partner is asked before it is sent again.
    Ask {
        /// How long it waits before.
        after: Duration,
    },
    /// It is given up on.
    GiveUp(DeadReason),
}

/// The tries of an order when a call fails.
#[derive(Clone, Copy, Debug)]
pub struct History {
    /// How often the order was offered, this try included.
    pub attempts: u32,
    /// How many tries before this one counted towards giving up; see [`failures`].
    pub failures: u32,
}

impl Failure {
    /// Gives the result of the attempt.
    pub const fn result(&self) -> AttemptResult {
        match self {
            Self::NotReached | Self::Unavailable | Self::StillUnknown => AttemptResult::Unavailable,
            Self::Throttled { .. } => AttemptResult::Throttled,
            Self::Unseen => AttemptResult::Unseen,
            Self::NotAllowed | Self::Rejected => AttemptResult::Rejected,
            Self::Unreadable => AttemptResult::Unreadable,
            Self::KeyMissing => AttemptResult::NotOpened,
            Self::Undeliverable(_) => AttemptResult::GaveUp,
        }
    }

    /// Gives the reason to give up for, if this failure counts towards giving up.
    const fn counts(&self) -> Option<DeadReason> {
        match self {
            Self::Unseen => Some(DeadReason::AnswerNeverSeen),
            Self::Rejected => Some(DeadReason::CallRejected),
            Self::Unreadable => Some(DeadReason::AnswerUnreadable),
            Self::NotReached
            | Self::Unavailable
            | Self::Throttled { .. }
            | Self::StillUnknown
            | Self::NotAllowed
            | Self::KeyMissing
            | Self::Undeliverable(_) => None,
        }
    }
}

/// Gives what happens to a handoff after a failure.
pub fn next(failure: &Failure, history: History, rules: &Rules, ids: &Ids) -> Next {
    if let Some(reason) = failure.counts()
        && history.failures + 1 >= rules.max_failures
    {
        return Next::GiveUp(reason);
    }
    let attempts = history.attempts.saturating_sub(1);
    let after = Backoff::new(rules.retry_base, rules.retry_cap).delay(attempts, ids);
    match *failure {
        Failure::NotReached | Failure::KeyMissing => Next::PutBack {
            after,
            unsent: true,
        },
        Failure::Unavailable | Failure::NotAllowed | Failure::Rejected => Next::PutBack {
            after,
            unsent: false,
        },
        Failure::Throttled { retry_after } => Next::PutBack {
            after: retry_after.map_or(after, |wish| wish.min(LONGEST_PAUSE) + after),
            unsent: true,
        },
        Failure::Unseen | Failure::StillUnknown | Failure::Unreadable => Next::Ask { after },
        Failure::Undeliverable(reason) => Next::GiveUp(reason),
    }
}

/// Counts the attempts that count towards giving up, latest first, back to the last time an operator replayed the handoff.
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

/// Gives the latest instant until which any rule lets a handoff wait, or a lease run. One that lies beyond it was dated by a wrong
/// clock, and is due.
pub fn latest(now: Timestamp, rules: &Rules) -> Timestamp {
    let waits = [
        rules.push_lease,
        rules.pull_lease,
        rules.follow_up_after,
        rules.retry_cap + LONGEST_PAUSE,
        LONGEST_DELAY,
    ];
    now + waits.into_iter().max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::clock::Clock;

    fn after(failure: &Failure, failures: u32) -> Next {
        let ids = Ids::seeded(Clock::manual(Timestamp::EPOCH).0, 3);
        let history = History {
            attempts: 4,
            failures,
        };
        let rules = Rules {
            max_failures: 3,
            ..Rules::default()
        };
        next(failure, history, &rules, &ids)
    }

    #[test]
    fn what_was_never_sent_is_put_back_as_unsent() {
        for failure in [Failure::NotReached, Failure::KeyMissing] {
            assert!(matches!(
                after(&failure, 99),
                Next::PutBack { unsent: true, .. }
            ));
        }
        for failure in [Failure::Unavailable, Failure::NotAllowed] {
            assert!(matches!(
                after(&failure, 99),
                Next::PutBack { unsent: false, .. }
            ));
        }
    }

    #[test]
    fn an_answer_never_seen_is_asked_after_until_patience_ends() {
        assert!(matches!(after(&Failure::Unseen, 1), Next::Ask { .. }));
        assert!(matches!(
            after(&Failure::StillUnknown, 99),
            Next::Ask { .. }
        ));
        assert_eq!(
            after(&Failure::Unseen, 2),
            Next::GiveUp(DeadReason::AnswerNeverSeen)
        );
        assert_eq!(
            after(&Failure::Rejected, 2),
            Next::GiveUp(DeadReason::CallRejected)
        );
    }

    #[test]
    fn a_busy_partner_gets_the_rest_it_wants_within_reason() {
        let hour = Some(Duration::from_hours(1));
        let Next::PutBack { after, .. } = after(&Failure::Throttled { retry_after: hour }, 99)
        else {
            panic!("not put back")
        };
        assert!(after >= LONGEST_PAUSE && after <= LONGEST_PAUSE + Rules::default().retry_cap);
    }

    #[test]
    fn nothing_waits_for_longer_than_the_longest_rule() {
        let now = Timestamp::from_micros(1_437_091_200_000_000);
        assert_eq!(latest(now, &Rules::default()), now + LONGEST_DELAY);
        let day = Duration::from_hours(24);
        let slow = |change: fn(&mut Rules, Duration)| {
            let mut rules = Rules::default();
            change(&mut rules, day);
            latest(now, &rules)
        };
        assert_eq!(slow(|rules, day| rules.push_lease = day), now + day);
        assert_eq!(slow(|rules, day| rules.pull_lease = day), now + day);
        assert_eq!(slow(|rules, day| rules.follow_up_after = day), now + day);
        let longest = now + day + LONGEST_PAUSE;
        assert_eq!(slow(|rules, day| rules.retry_cap = day), longest);
    }

    #[test]
    fn failures_are_counted_back_to_the_last_replay() {
        use AttemptResult::{GaveUp, Rejected, Throttled, Unavailable, Unseen};
        assert_eq!(failures([]), 0);
        assert_eq!(failures([Unseen, Unavailable, Throttled, Rejected]), 2);
        assert_eq!(failures([Unseen, GaveUp, Unseen, Unseen]), 1);
    }
}
