//! The circuit breaker and the pace of one partner. Pure.
//!
//! Both live in the memory of one process. Two instances of the service each find out by themselves that a partner is
//! down; that costs a few more calls and needs no table that every call would write.
//!
//! The breaker opens after `trip_after` failures in a row, and lets one handoff through when its pause is over: a success
//! closes it, a failure doubles the pause. The pace is additive increase, multiplicative decrease: THROTTLED halves what
//! may be under way, each round of successes adds one.

use std::time::Duration;

use crate::handoff::partner::model::BreakerRules;
use crate::kernel::clock::Timestamp;
use crate::kernel::retry::Backoff;

/// What a finished call says about the partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The partner works.
    Up,
    /// The partner does not work.
    Down,
    /// The partner wants a slower pace.
    Throttled {
        /// How long it wants no calls.
        retry_after: Option<Duration>,
    },
    /// The call says nothing about the partner.
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Circuit {
    Closed { failures: u32 },
    Open { until: Timestamp, times: u32 },
}

/// The circuit breaker of one partner, with its pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CircuitBreaker {
    rules: BreakerRules,
    circuit: Circuit,
    limit: usize,
    successes: usize,
    paused_until: Timestamp,
}

impl CircuitBreaker {
    /// Makes a closed breaker that lets at most `limit` handoffs at once through.
    pub fn new(rules: BreakerRules, limit: usize) -> Self {
        Self {
            rules,
            circuit: Circuit::Closed { failures: 0 },
            limit: limit.max(1),
            successes: 0,
            paused_until: Timestamp::EPOCH,
        }
    }

    /// Gives how many more handoffs may be sent now, with so many under way and at most `most` allowed.
    pub fn room(&self, now: Timestamp, under_way: usize, most: usize) -> usize {
        if now < self.paused_until {
            return 0;
        }
        let limit = match self.circuit {
            Circuit::Closed { .. } => self.limit.min(most),
            Circuit::Open { until, .. } if now < until => 0,
            // The pause is over: one handoff is tried.
            Circuit::Open { .. } => 1,
        };
        limit.saturating_sub(under_way)
    }

    /// Tells whether the breaker is open.
    pub fn is_open(&self) -> bool {
        matches!(self.circuit, Circuit::Open { .. })
    }

    /// Records what a call said about the partner, with at most `most` allowed.
    pub fn record(&mut self, signal: Signal, now: Timestamp, most: usize) {
        match signal {
            Signal::Up => self.up(most),
            Signal::Down => self.down(now),
            Signal::Throttled { retry_after } => {
                self.limit = (self.limit.min(most) / 2).max(1);
                self.successes = 0;
                if let Some(pause) = retry_after {
                    self.paused_until = now + pause.min(Duration::from_mins(15));
                }
            }
            Signal::None => {}
        }
    }

    fn pause(&self, times: u32) -> Duration {
        let (first, longest) = self.rules.pauses();
        Backoff::new(first, longest).ceiling(times)
    }

    fn up(&mut self, most: usize) {
        self.circuit = Circuit::Closed { failures: 0 };
        self.successes += 1;
        if self.successes >= self.limit {
            self.successes = 0;
            self.limit = (self.limit + 1).min(most.max(1));
        }
    }

    fn down(&mut self, now: Timestamp) {
        self.circuit = match self.circuit {
            Circuit::Closed { failures } if failures + 1 < self.rules.trip_after => {
                Circuit::Closed {
                    failures: failures + 1,
                }
            }
            Circuit::Closed { .. } => Circuit::Open {
                until: now + self.pause(0),
                times: 1,
            },
            // The call was under way when the breaker opened.
            Circuit::Open { until, times } if now < until => Circuit::Open { until, times },
            Circuit::Open { times, .. } => Circuit::Open {
                until: now + self.pause(times),
                times: times.saturating_add(1),
            },
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: BreakerRules = BreakerRules {
        trip_after: 3,
        first_pause_ms: 1_000,
        longest_pause_ms: 4_000,
    };

    fn at(seconds: u64) -> Timestamp {
        Timestamp::EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn the_breaker_opens_after_failures_in_a_row_and_tries_with_one() {
        let mut breaker = CircuitBreaker::new(RULES, 8);
        breaker.record(Signal::Down, at(0), 8);
        breaker.record(Signal::Up, at(0), 8);
        breaker.record(Signal::Down, at(0), 8);
        breaker.record(Signal::Down, at(0), 8);
        assert_eq!(breaker.room(at(0), 0, 8), 8);
        breaker.record(Signal::Down, at(0), 8);
        assert_eq!(breaker.room(at(0), 0, 8), 0);
        assert_eq!(breaker.room(at(1), 0, 8), 1);
        assert_eq!(breaker.room(at(1), 1, 8), 0);
    }

    #[test]
    fn each_failed_try_doubles_the_pause_up_to_its_end_and_a_success_closes() {
        let mut breaker = CircuitBreaker::new(RULES, 8);
        for _ in 0..5 {
            breaker.record(Signal::Down, at(0), 8);
        }
        let mut now = 1;
        for pause in [2, 4, 4] {
            breaker.record(Signal::Down, at(now), 8);
            assert_eq!(breaker.room(at(now + pause - 1), 0, 8), 0, "{pause}");
            now += pause;
            assert_eq!(breaker.room(at(now), 0, 8), 1, "{pause}");
        }
        breaker.record(Signal::Up, at(now), 8);
        assert!(!breaker.is_open());
        assert_eq!(breaker.room(at(now), 0, 8), 8);
    }

    #[test]
    fn a_throttling_partner_halves_the_pace_and_successes_raise_it_again() {
        let mut breaker = CircuitBreaker::new(RULES, 8);
        let rest = Some(Duration::from_secs(2));
        breaker.record(Signal::Throttled { retry_after: rest }, at(0), 8);
        assert_eq!(breaker.room(at(1), 0, 8), 0);
        assert_eq!(breaker.room(at(2), 0, 8), 4);
        for _ in 0..4 {
            breaker.record(Signal::Up, at(2), 8);
        }
        assert_eq!(breaker.room(at(2), 0, 8), 5);
        for _ in 0..100 {
            breaker.record(Signal::Up, at(2), 8);
        }
        assert_eq!(breaker.room(at(2), 0, 8), 8);
        for _ in 0..9 {
            breaker.record(Signal::Throttled { retry_after: None }, at(3), 8);
        }
        assert_eq!(breaker.room(at(3), 0, 8), 1);
    }

    #[test]
    fn the_partners_own_limit_always_holds() {
        let breaker = CircuitBreaker::new(RULES, 1_000);
        assert_eq!(breaker.room(at(0), 3, 5), 2);
    }
}
