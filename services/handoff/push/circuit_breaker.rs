//! The circuit breaker of one queue. Pure.
//!
//! It tells a fault of the partner from a fault of one handoff by looking at several: it opens after `trip_after` different handoffs in a
//! row failed, none of which had failed before, or that could not be sent at all. While it is open, one handoff at a time is tried when the
//! pause is over, and that is one that never failed: a success closes it, a failure doubles the pause. Each queue has its own, because a
//! whole campaign may be at fault. What failed lately lives in the memory of one worker; that a circuit is open all instances know, by a row.

use std::time::Duration;

use crate::handoff::partner::model::BreakerRules;
use crate::handoff::queue::open_circuit::OpenCircuit;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::HandoffId;
use crate::kernel::retry::Backoff;

/// What a finished call says about the partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The partner works.
    Up,
    /// The partner cannot be reached, or does not let this process in.
    Down,
    /// The call failed, by a fault of the partner or of the handoff.
    Failed,
    /// The partner wants a slower pace.
    Throttled {
        /// How long it wants no calls.
        retry_after: Option<Duration>,
    },
    /// The call says nothing about the partner.
    None,
}

/// A handoff that was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Its id.
    pub handoff: HandoffId,
    /// Whether it had failed before: then that it fails again says nothing about the partner.
    pub failed_before: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Circuit {
    /// With the handoffs that failed since the last success.
    Closed(Vec<HandoffId>),
    Open(OpenCircuit),
}

/// The circuit breaker of one queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CircuitBreaker(Circuit);

/// What may be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Whatever is due.
    All,
    /// One, to see whether the partner works.
    Probe,
    /// Nothing.
    Nothing,
}

impl Default for CircuitBreaker {
    /// Makes a closed breaker.
    fn default() -> Self {
        Self(Circuit::Closed(Vec::new()))
    }
}

impl CircuitBreaker {
    /// Tells what may be sent now, with so many calls under way.
    pub fn allowed(&self, now: Timestamp, under_way: usize) -> Allowed {
        match self.0 {
            Circuit::Closed(_) => Allowed::All,
            Circuit::Open(open) if now >= open.until && under_way == 0 => Allowed::Probe,
            Circuit::Open(_) => Allowed::Nothing,
        }
    }

    /// Tells whether it is open.
    pub const fn is_open(&self) -> bool {
        self.open().is_some()
    }

    /// Gives until when it is open.
    pub const fn open(&self) -> Option<OpenCircuit> {
        match self.0 {
            Circuit::Open(open) => Some(open),
            Circuit::Closed(_) => None,
        }
    }

    /// Takes over how another instance left it. No pause is longer than the rules have it, whatever a wrong clock wrote.
    pub fn take_over(&mut self, rules: BreakerRules, open: Option<OpenCircuit>, now: Timestamp) {
        let (_, longest) = rules.pauses();
        let clamped = |open: OpenCircuit| {
            Self(Circuit::Open(OpenCircuit {
                until: open.until.min(now + longest),
                ..open
            }))
        };
        *self = open.map(clamped).unwrap_or_default();
    }

    /// Records what a call said.
    pub fn record(&mut self, rules: BreakerRules, tried: Tried, signal: Signal, now: Timestamp) {
        match signal {
            Signal::Up | Signal::Throttled { .. } => *self = Self::default(),
            Signal::Down => self.failed(rules, tried.handoff, now),
            Signal::Failed if self.is_open() || !tried.failed_before => {
                self.failed(rules, tried.handoff, now);
            }
            Signal::Failed | Signal::None => {}
        }
    }

    fn failed(&mut self, rules: BreakerRules, handoff: HandoffId, now: Timestamp) {
        let pause = |times| {
            let (first, longest) = rules.pauses();
            Backoff::new(first, longest).ceiling(times)
        };
        let opened = match &mut self.0 {
            Circuit::Closed(failed) => {
                if !failed.contains(&handoff) {
                    failed.push(handoff);
                }
                let is_full = failed.len() >= rules.trip_after as usize;
                is_full.then(|| (now + pause(0), 1))
            }
            // The call was under way when the breaker opened.
            Circuit::Open(open) if now < open.until => None,
            Circuit::Open(open) => Some((now + pause(open.times), open.times.saturating_add(1))),
        };
        if let Some((until, times)) = opened {
            self.0 = Circuit::Open(OpenCircuit { until, times });
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const RULES: BreakerRules = BreakerRules {
        trip_after: 3,
        first_pause_ms: 1_000,
        longest_pause_ms: 4_000,
    };

    fn at(seconds: u64) -> Timestamp {
        Timestamp::EPOCH + Duration::from_secs(seconds)
    }

    fn fresh(number: u128) -> Tried {
        Tried {
            handoff: HandoffId::from(Uuid::from_u128(number)),
            failed_before: false,
        }
    }

    fn again(number: u128) -> Tried {
        Tried {
            failed_before: true,
            ..fresh(number)
        }
    }

    #[test]
    fn it_opens_after_different_handoffs_failed_in_a_row_and_tries_with_one() {
        let mut breaker = CircuitBreaker::default();
        for (tried, signal) in [
            (fresh(1), Signal::Failed),
            (fresh(2), Signal::Up),
            (fresh(3), Signal::Failed),
            (fresh(3), Signal::Failed),
            (fresh(4), Signal::Failed),
        ] {
            breaker.record(RULES, tried, signal, at(0));
            assert_eq!(breaker.allowed(at(0), 9), Allowed::All);
        }
        breaker.record(RULES, fresh(5), Signal::Failed, at(0));
        assert_eq!(breaker.allowed(at(0), 0), Allowed::Nothing);
        assert_eq!(breaker.allowed(at(1), 0), Allowed::Probe);
        assert_eq!(breaker.allowed(at(1), 1), Allowed::Nothing);
    }

    #[test]
    fn what_failed_before_says_nothing_and_what_cannot_be_sent_says_it_of_the_partner() {
        let mut breaker = CircuitBreaker::default();
        for number in 0..9 {
            breaker.record(RULES, again(number), Signal::Failed, at(0));
        }
        assert!(!breaker.is_open());
        for number in 0..3 {
            breaker.record(RULES, again(number), Signal::Down, at(0));
        }
        assert!(breaker.is_open());
    }

    #[test]
    fn each_failed_probe_doubles_the_pause_up_to_its_end_and_an_answer_closes() {
        let mut breaker = CircuitBreaker::default();
        for number in 0..5 {
            breaker.record(RULES, fresh(number), Signal::Down, at(0));
        }
        let mut now = 1;
        for pause in [2, 4, 4] {
            breaker.record(RULES, fresh(now.into()), Signal::Failed, at(now));
            let early = breaker.allowed(at(now + pause - 1), 0);
            assert_eq!(early, Allowed::Nothing, "{pause}");
            now += pause;
            assert_eq!(breaker.allowed(at(now), 0), Allowed::Probe, "{pause}");
        }
        let slower = Signal::Throttled { retry_after: None };
        breaker.record(RULES, fresh(99), slower, at(now));
        assert_eq!(breaker.allowed(at(now), 0), Allowed::All);
    }

    #[test]
    fn what_another_instance_found_is_taken_over_and_a_wrong_clock_keeps_nothing_open() {
        let mut breaker = CircuitBreaker::default();
        let open = |until| OpenCircuit {
            until: at(until),
            times: 2,
        };
        breaker.take_over(RULES, Some(open(3)), at(0));
        assert_eq!(breaker.allowed(at(2), 0), Allowed::Nothing);
        breaker.record(RULES, fresh(1), Signal::Failed, at(3));
        assert_eq!(breaker.open().unwrap().until, at(7), "the pauses go on");
        breaker.take_over(RULES, Some(open(1_000_000)), at(3));
        assert_eq!(breaker.allowed(at(7), 0), Allowed::Probe);
        breaker.take_over(RULES, None, at(7));
        assert_eq!(breaker, CircuitBreaker::default());
    }
}
