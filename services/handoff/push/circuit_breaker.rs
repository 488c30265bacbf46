//! How much of a partner may be asked at once: its circuit breaker and its pace. Pure.
//!
//! Both live in the memory of one process. Two instances of the service each find out by themselves that a partner is
//! down; that costs a few more calls and needs no table that every call would write.
//!
//! The breaker opens after `trip_after` failures in a row, and lets one handoff through when its pause is over: a success
//! closes it, a failure doubles the pause. The pace is additive increase, multiplicative decrease: THROTTLED halves what
//! may be under way, each round of successes adds one.

use std::time::Duration;

use crate::kernel::clock::Timestamp;
use crate::kernel::retry::Backoff;

/// How a partner's breaker behaves; stored with the partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BreakerRules {
    /// After so many failures in a row nothing is sent for a while.
    pub trip_after: u32,
    /// The first pause in milliseconds; it doubles up to `longest_pause_ms`.
    pub first_pause_ms: u64,
    /// The longest pause in milliseconds.
    pub longest_pause_ms: u64,
}

impl Default for BreakerRules {
    fn default() -> Self {
        Self {
            trip_after: 5,
            first_pause_ms: 1_000,
            longest_pause_ms: 30_000,
        }
    }
}

impl BreakerRules {
    fn pause(&self, times: u32) -> Duration {
        let first = Duration::from_millis(self.first_pause_ms);
        Backoff::new(first, Duration::from_millis(self.longest_pause_ms)).ceiling(times)
    }
}

/// What a finished call says about the partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The partner works.
    Up,
    /// The partner does not work.
    Down,
    /// The partner wants a slower pace.
    Busy {
        /// For how long it wants nothing at all.
        retry_after: Option<Duration>,
    },
    /// The call says nothing about the partner.
    Silent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Circuit {
    Closed { failures: u32 },
    Open { until: Timestamp, times: u32 },
}

/// The gate in front of one partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    rules: BreakerRules,
    circuit: Circuit,
    limit: usize,
    successes: usize,
    rest_until: Timestamp,
}

impl Gate {
    /// Makes an open gate for at most `limit` handoffs at once.
    pub fn new(rules: BreakerRules, limit: usize) -> Self {
        Self {
            rules,
            circuit: Circuit::Closed { failures: 0 },
            limit: limit.max(1),
            successes: 0,
            rest_until: Timestamp::EPOCH,
        }
    }

    /// Tells how many more handoffs may be taken up now, with so many under way and at most `most` allowed.
    pub fn room(&self, now: Timestamp, under_way: usize, most: usize) -> usize {
        if now < self.rest_until {
            return 0;
        }
        let limit = match self.circuit {
            Circuit::Closed { .. } => self.limit.min(most),
            Circuit::Open { until, .. } if now < until => 0,
            // The pause is over: one goes ahead and tries.
            Circuit::Open { .. } => 1,
        };
        limit.saturating_sub(under_way)
    }

    /// Tells whether the breaker keeps the gate shut, for metrics.
    pub fn is_open(&self) -> bool {
        matches!(self.circuit, Circuit::Open { .. })
    }

    /// Takes in what a call said about the partner, with at most `most` allowed.
    pub fn note(&mut self, signal: Signal, now: Timestamp, most: usize) {
        match signal {
            Signal::Up => self.up(most),
            Signal::Down => self.down(now),
            Signal::Busy { retry_after } => {
                self.limit = (self.limit.min(most) / 2).max(1);
                self.successes = 0;
                if let Some(rest) = retry_after {
                    self.rest_until = now + rest.min(Duration::from_mins(15));
                }
            }
            Signal::Silent => {}
        }
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
                until: now + self.rules.pause(0),
                times: 1,
            },
            // Calls that were under way when it opened say nothing new.
            Circuit::Open { until, times } if now < until => Circuit::Open { until, times },
            Circuit::Open { times, .. } => Circuit::Open {
                until: now + self.rules.pause(times),
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
        let mut gate = Gate::new(RULES, 8);
        gate.note(Signal::Down, at(0), 8);
        gate.note(Signal::Up, at(0), 8);
        gate.note(Signal::Down, at(0), 8);
        gate.note(Signal::Down, at(0), 8);
        assert_eq!(gate.room(at(0), 0, 8), 8);
        gate.note(Signal::Down, at(0), 8);
        assert_eq!(gate.room(at(0), 0, 8), 0);
        assert_eq!(gate.room(at(1), 0, 8), 1);
        assert_eq!(gate.room(at(1), 1, 8), 0);
    }

    #[test]
    fn each_failed_try_doubles_the_pause_up_to_its_end_and_a_success_closes() {
        let mut gate = Gate::new(RULES, 8);
        for _ in 0..5 {
            gate.note(Signal::Down, at(0), 8);
        }
        let mut now = 1;
        for pause in [2, 4, 4] {
            gate.note(Signal::Down, at(now), 8);
            assert_eq!(gate.room(at(now + pause - 1), 0, 8), 0, "{pause}");
            now += pause;
            assert_eq!(gate.room(at(now), 0, 8), 1, "{pause}");
        }
        gate.note(Signal::Up, at(now), 8);
        assert!(!gate.is_open());
        assert_eq!(gate.room(at(now), 0, 8), 8);
    }

    #[test]
    fn a_busy_partner_halves_the_pace_and_successes_raise_it_again() {
        let mut gate = Gate::new(RULES, 8);
        let rest = Some(Duration::from_secs(2));
        gate.note(Signal::Busy { retry_after: rest }, at(0), 8);
        assert_eq!(gate.room(at(1), 0, 8), 0);
        assert_eq!(gate.room(at(2), 0, 8), 4);
        for _ in 0..4 {
            gate.note(Signal::Up, at(2), 8);
        }
        assert_eq!(gate.room(at(2), 0, 8), 5);
        for _ in 0..100 {
            gate.note(Signal::Up, at(2), 8);
        }
        assert_eq!(gate.room(at(2), 0, 8), 8);
        for _ in 0..9 {
            gate.note(Signal::Busy { retry_after: None }, at(3), 8);
        }
        assert_eq!(gate.room(at(3), 0, 8), 1);
    }

    #[test]
    fn the_partners_own_limit_always_holds() {
        let gate = Gate::new(RULES, 1_000);
        assert_eq!(gate.room(at(0), 3, 5), 2);
    }
}
