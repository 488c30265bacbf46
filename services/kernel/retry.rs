//! How long to wait before trying again.
//!
//! Exponential with full jitter: the n-th delay is uniform between zero and `base * 2^n`, capped. Full jitter spreads a
//! herd best and costs no more work than the other kinds (Brooker, "Exponential Backoff And Jitter", AWS 2015).

use std::time::Duration;

use super::ids::Ids;

/// A back-off rule. It holds no state: the caller counts the attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The ceiling of the first delay.
    pub base: Duration,
    /// The ceiling of every delay.
    pub cap: Duration,
}

impl Backoff {
    /// Makes a rule from the first ceiling and the last.
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap }
    }

    /// Gives the ceiling of the delay before retry `attempt`, counted from zero.
    #[must_use]
    pub fn ceiling(&self, attempt: u32) -> Duration {
        let factor = 1_u32.checked_shl(attempt).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.cap)
    }

    /// Draws the delay before retry `attempt`, counted from zero.
    #[must_use]
    pub fn delay(&self, attempt: u32, ids: &Ids) -> Duration {
        let micros = u64::try_from(self.ceiling(attempt).as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(ids.below(micros.saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::clock::{Clock, Timestamp};

    const RULE: Backoff = Backoff::new(Duration::from_millis(10), Duration::from_secs(1));

    #[test]
    fn ceilings_double_up_to_the_cap() {
        assert_eq!(RULE.ceiling(0), Duration::from_millis(10));
        assert_eq!(RULE.ceiling(3), Duration::from_millis(80));
        assert_eq!(RULE.ceiling(7), Duration::from_secs(1));
        assert_eq!(RULE.ceiling(u32::MAX), Duration::from_secs(1));
    }

    #[test]
    fn delays_fill_the_range_and_never_leave_it() {
        let ids = Ids::seeded(Clock::manual(Timestamp::EPOCH).0, 1);
        let delays: Vec<Duration> = (0..500).map(|_| RULE.delay(4, &ids)).collect();
        assert!(delays.iter().all(|delay| *delay <= RULE.ceiling(4)));
        assert!(delays.iter().any(|delay| *delay < RULE.ceiling(1)));
        assert!(delays.iter().any(|delay| *delay > RULE.ceiling(3)));
    }
}
