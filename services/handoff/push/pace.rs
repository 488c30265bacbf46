//! The pace at which one partner is called. Pure.
//!
//! Additive increase, multiplicative decrease: a partner that throttles halves what may be under way and gets a rest, as long as it asks
//! for, or else longer from time to time; each round of successes adds one. It lives in the memory of one worker, but for the rests, which all
//! instances keep by the partner's row, and for what is under way, which they count by its leases.

use std::time::Duration;

use crate::kernel::clock::Timestamp;
use crate::kernel::retry::Backoff;

use super::circuit_breaker::Signal;

/// The rest of a partner that throttles without saying for how long: it doubles while nothing succeeds.
const REST: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(1));
/// The longest rest that a partner can ask for.
const LONGEST: Duration = Duration::from_mins(15);

/// The pace of one partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    limit: usize,
    successes: usize,
    paused_until: Timestamp,
    /// How many rests there were without a success between.
    rests: u32,
}

impl Pace {
    /// Makes a pace of at most `limit` calls at once.
    pub fn new(limit: usize) -> Self {
        Self {
            limit: limit.max(1),
            successes: 0,
            paused_until: Timestamp::EPOCH,
            rests: 0,
        }
    }

    /// Gives how many more calls may begin now, with so many under way and at most `most` allowed.
    pub fn room(&self, now: Timestamp, under_way: usize, most: usize) -> usize {
        if now < self.paused_until {
            return 0;
        }
        self.most(most).saturating_sub(under_way)
    }

    /// Gives how many calls may be under way at once, of at most `most`.
    pub fn most(&self, most: usize) -> usize {
        self.limit.min(most)
    }

    /// Gives until when the partner rests.
    pub const fn rests_until(&self) -> Timestamp {
        self.paused_until
    }

    /// Keeps a rest that another instance was asked for. None is longer than a partner can ask for, whatever a wrong clock wrote.
    pub fn rest(&mut self, until: Timestamp, now: Timestamp) {
        self.paused_until = self.paused_until.max(until.min(now + LONGEST));
    }

    /// Records what a call said, with at most `most` allowed.
    pub fn record(&mut self, signal: Signal, now: Timestamp, most: usize) {
        match signal {
            Signal::Up => self.up(most),
            Signal::Throttled { retry_after } => self.throttled(retry_after, now, most),
            Signal::Down | Signal::Failed | Signal::None => {}
        }
    }

    fn up(&mut self, most: usize) {
        self.rests = 0;
        self.successes += 1;
        if self.successes >= self.limit {
            self.successes = 0;
            self.limit = (self.limit + 1).min(most.max(1));
        }
    }

    fn throttled(&mut self, retry_after: Option<Duration>, now: Timestamp, most: usize) {
        // Calls that were under way when the rest began say it once more.
        let is_first = now >= self.paused_until;
        let rest = retry_after.map_or_else(|| REST.ceiling(self.rests), |wish| wish.min(LONGEST));
        if is_first {
            self.limit = (self.limit.min(most) / 2).max(1);
            self.successes = 0;
            self.rests = self.rests.saturating_add(1);
        }
        if is_first || retry_after.is_some() {
            self.paused_until = self.paused_until.max(now + rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::EPOCH + Duration::from_secs(seconds)
    }

    fn throttled(seconds: Option<u64>) -> Signal {
        let retry_after = seconds.map(Duration::from_secs);
        Signal::Throttled { retry_after }
    }

    #[test]
    fn a_throttling_partner_halves_the_pace_and_successes_raise_it_again() {
        let mut pace = Pace::new(8);
        pace.record(throttled(Some(2)), at(0), 8);
        assert_eq!(pace.room(at(1), 0, 8), 0);
        assert_eq!(pace.room(at(2), 0, 8), 4);
        for _ in 0..4 {
            pace.record(Signal::Up, at(2), 8);
        }
        assert_eq!(pace.room(at(2), 0, 8), 5);
        for _ in 0..100 {
            pace.record(Signal::Up, at(2), 8);
        }
        assert_eq!(pace.room(at(2), 0, 8), 8);
    }

    #[test]
    fn calls_that_were_under_way_throttle_once() {
        let mut pace = Pace::new(8);
        for _ in 0..8 {
            pace.record(throttled(None), at(0), 8);
        }
        assert_eq!((pace.room(at(0), 0, 8), pace.room(at(1), 0, 8)), (0, 4));
    }

    #[test]
    fn a_partner_that_does_not_say_how_long_rests_longer_from_time_to_time() {
        let mut pace = Pace::new(1);
        let mut now = 0;
        for rest in [1, 2, 4, 8, 16, 32, 60, 60] {
            pace.record(throttled(None), at(now), 1);
            assert_eq!(pace.room(at(now + rest - 1), 0, 1), 0, "{rest}");
            now += rest;
            assert_eq!(pace.room(at(now), 0, 1), 1, "{rest}");
        }
        pace.record(Signal::Up, at(now), 1);
        pace.record(throttled(None), at(now), 1);
        assert_eq!(pace.room(at(now + 1), 0, 1), 1);
    }

    #[test]
    fn a_rest_that_another_instance_was_asked_for_is_kept() {
        let mut pace = Pace::new(8);
        pace.rest(at(3), at(0));
        assert_eq!((pace.room(at(2), 0, 8), pace.room(at(3), 0, 8)), (0, 8));
        pace.rest(at(1_000_000), at(3));
        assert_eq!(pace.rests_until(), at(3) + LONGEST);
    }

    #[test]
    fn the_partners_own_limit_always_holds() {
        assert_eq!(Pace::new(1_000).room(at(0), 3, 5), 2);
    }
}
