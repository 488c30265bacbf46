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
//! | asked after an answer never seen, and the question got none | UNAVAILABLE | UNSETTLED with back-off | as UNSEEN where the partner answered others meanwhile |
//! | a lease of ours that ran out | LEASE_EXPIRED | UNSETTLED, at once the first time: asked first | no |
//! | a lease of a partner that pulls ran out | LEASE_EXPIRED | QUEUED, at once the first time, then with back-off | where the partner acknowledged others meanwhile |
//! | an activation code is missing or cannot be opened | NOT_OPENED | QUEUED with back-off | no |
//! | a person erased or unreadable | GAVE_UP | DEAD at once | |
//!
//! A failure that does not count backs off without end, up to the cap of the back-off, and the circuit breaker keeps the
//! attempts few: no handoff is given up on because its partner is down for a week. After `max_failures` that count it is.

use std::time::Duration;

use jiff::civil::Date;

use crate::db::entities::handoff::{DeadReason, Kind};
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
    /// When the partner looked, if it says so.
    pub observed_at: Option<Timestamp>,
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
            observed_at: None,
            term_ends_on: None,
        }
    }

    /// Tells whether the status answers an order, and not that a coverage runs, stopped or ended: those hold whichever order it was. That a
    /// person's data are taken is said of the order that brought them.
    pub const fn answers_an_order(&self, kind: Kind) -> bool {
        match self.fact {
            Fact::Accepted | Fact::ActionRequired(_) | Fact::Refused(_) => true,
            Fact::Active => matches!(kind, Kind::UpdatePerson),
            Fact::Suspended | Fact::Ended | Fact::Canceled => false,
        }
    }

    /// Tells whether the status answers an order that another one has replaced. Without a number it speaks of the newest order that was
    /// offered.
    pub fn is_outdated(&self, handoff: &Handoff) -> bool {
        let is_earlier = match self.attempt {
            0 => handoff.order_attempt > 1 && !handoff.is_offered(),
            attempt => attempt < handoff.order_attempt,
        };
        is_earlier && self.answers_an_order(handoff.kind)
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
    /// The lease ran out.
    Expired {
        /// Whether the partner held it, and not a worker of ours.
        by_partner: bool,
    },
    /// What this field holds cannot be fitted to the partner's fields; it was not sent.
    CannotProject(&'static str),
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

/// The tries of an order that failed, since it was given or an operator replayed it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// How many.
    pub tries: u32,
    /// How many of them count towards giving up.
    pub failures: u32,
    /// Whether the partner answers others meanwhile.
    pub partner_answers: bool,
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
            Self::KeyMissing | Self::CannotProject(_) => AttemptResult::NotOpened,
            Self::Expired { .. } => AttemptResult::LeaseExpired,
            Self::Undeliverable(_) => AttemptResult::GaveUp,
        }
    }

    /// Gives the reason to give up for, if this failure counts towards giving up. That there is no answer counts only where the partner
    /// answers others.
    const fn counts(&self, partner_answers: bool) -> Option<DeadReason> {
        match self {
            Self::Unseen | Self::StillUnknown if partner_answers => {
                Some(DeadReason::AnswerNeverSeen)
            }
            Self::Rejected => Some(DeadReason::CallRejected),
            Self::Unreadable => Some(DeadReason::AnswerUnreadable),
            Self::Expired { by_partner: true } if partner_answers => {
                Some(DeadReason::NeverAcknowledged)
            }
            Self::Unseen
            | Self::StillUnknown
            | Self::Expired { .. }
            | Self::CannotProject(_)
            | Self::NotReached
            | Self::Unavailable
            | Self::Throttled { .. }
            | Self::NotAllowed
            | Self::KeyMissing
            | Self::Undeliverable(_) => None,
        }
    }

    /// Adds this failure to those before it. A partner that wants a slower pace says nothing about the handoff.
    #[must_use]
    pub fn added_to(&self, history: History) -> History {
        let is_try = !matches!(self, Self::Throttled { .. });
        History {
            tries: history.tries + u32::from(is_try),
            failures: history.failures + u32::from(self.counts(history.partner_answers).is_some()),
            ..history
        }
    }
}

/// Gives what happens to a handoff after a failure, with the tries before it.
pub fn next(failure: &Failure, history: History, rules: &Rules, ids: &Ids) -> Next {
    if let Some(reason) = failure.counts(history.partner_answers)
        && history.failures + 1 >= rules.max_failures
    {
        return Next::GiveUp(reason);
    }
    let backoff = Backoff::new(rules.retry_base, rules.retry_cap);
    let after = backoff.delay(history.tries, ids);
    // The lease was the first wait.
    let after_lease = || match history.tries {
        0 => Duration::ZERO,
        tries => backoff.delay(tries, ids),
    };
    match *failure {
        Failure::NotReached | Failure::KeyMissing | Failure::CannotProject(_) => Next::PutBack {
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
        Failure::Expired { by_partner: true } => Next::PutBack {
            after: after_lease(),
            unsent: false,
        },
        Failure::Expired { by_partner: false } => Next::Ask {
            after: after_lease(),
        },
        Failure::Undeliverable(reason) => Next::GiveUp(reason),
    }
}

/// Gives for how long any rule lets a handoff wait at most, or a lease run that is no file's. One that waits for longer was dated by a wrong
/// clock, and is due.
pub fn longest(rules: &Rules) -> Duration {
    let waits = [
        rules.push_lease,
        rules.pull_lease,
        rules.follow_up_after,
        rules.retry_cap + LONGEST_PAUSE,
        LONGEST_DELAY,
    ];
    waits.into_iter().max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::clock::Clock;

    fn after(failure: &Failure, failures: u32) -> Next {
        let ids = Ids::seeded(Clock::manual(Timestamp::EPOCH).0, 3);
        let history = History {
            tries: 3,
            failures,
            partner_answers: true,
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
        assert!(matches!(after(&Failure::StillUnknown, 1), Next::Ask { .. }));
        assert_eq!(
            after(&Failure::StillUnknown, 2),
            Next::GiveUp(DeadReason::AnswerNeverSeen)
        );
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
        assert_eq!(longest(&Rules::default()), LONGEST_DELAY);
        let day = Duration::from_hours(24);
        let slow = |change: fn(&mut Rules, Duration)| {
            let mut rules = Rules::default();
            change(&mut rules, day);
            longest(&rules)
        };
        assert_eq!(slow(|rules, day| rules.push_lease = day), day);
        assert_eq!(slow(|rules, day| rules.pull_lease = day), day);
        assert_eq!(slow(|rules, day| rules.follow_up_after = day), day);
        let capped = slow(|rules, day| rules.retry_cap = day);
        assert_eq!(capped, day + LONGEST_PAUSE);
    }

    #[test]
    fn a_try_counts_where_the_handoff_may_be_at_fault() {
        let added = |failure: Failure, partner_answers| {
            let before = History {
                tries: 2,
                failures: 1,
                partner_answers,
            };
            let after = failure.added_to(before);
            (after.tries - before.tries, after.failures - before.failures)
        };
        let held = Failure::Expired { by_partner: true };
        for failure in [Failure::Unseen, Failure::StillUnknown, held] {
            assert_eq!(added(failure.clone(), true), (1, 1));
            assert_eq!(added(failure, false), (1, 0), "nobody gets an answer");
        }
        assert_eq!(added(Failure::Rejected, false), (1, 1));
        let ours = Failure::Expired { by_partner: false };
        for failure in [Failure::Unavailable, Failure::NotReached, ours] {
            assert_eq!(added(failure, true), (1, 0));
        }
        let throttled = Failure::Throttled { retry_after: None };
        assert_eq!(added(throttled, true), (0, 0));
    }

    #[test]
    fn an_order_that_nobody_acknowledged_is_offered_at_once_and_then_ends() {
        let held = Failure::Expired { by_partner: true };
        let end = Next::GiveUp(DeadReason::NeverAcknowledged);
        assert_eq!(after(&held, 2), end);
        let ids = Ids::seeded(Clock::manual(Timestamp::EPOCH).0, 3);
        let first = next(&held, History::default(), &Rules::default(), &ids);
        let at_once = Next::PutBack {
            after: Duration::ZERO,
            unsent: false,
        };
        assert_eq!(first, at_once);
    }
}
