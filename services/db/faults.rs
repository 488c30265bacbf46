//! Faults on purpose, so that tests can prove that transactions survive them.
//!
//! Two faults matter, and both happen at the end of a transaction: the database refuses it (40001), or it commits and
//! the answer is lost. The second is the one that doubles work when it is not thought of. Rates are drawn from a seeded
//! generator, so a run can be repeated.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

/// How often each fault happens, from 0 to 1 of the transactions that reach their commit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FaultRates {
    /// The database refuses the commit with 40001 and nothing has happened.
    pub serialization: f64,
    /// The commit happens and its answer is lost.
    pub lost_answer: f64,
    /// Where the generator starts.
    pub seed: u64,
}

/// What happens to one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Serialization,
    LostAnswer,
}

/// The fault hook of a [`super::Db`]. Clones share one hook; without rates it does nothing.
#[derive(Clone, Debug, Default)]
pub struct FaultHook(Arc<State>);

#[derive(Debug)]
struct Play {
    rates: FaultRates,
    rng: ChaCha12Rng,
}

#[derive(Debug, Default)]
struct State {
    rates: Mutex<Option<Play>>,
    serialization: AtomicU64,
    lost_answer: AtomicU64,
}

impl FaultHook {
    /// Starts playing faults at these rates.
    pub fn set(&self, rates: FaultRates) {
        *self.lock() = Some(Play {
            rates,
            rng: ChaCha12Rng::seed_from_u64(rates.seed),
        });
    }

    /// Stops playing faults.
    pub fn clear(&self) {
        *self.lock() = None;
    }

    /// Counts the commits refused so far.
    pub fn serializations(&self) -> u64 {
        self.0.serialization.load(Ordering::Relaxed)
    }

    /// Counts the answers lost so far.
    pub fn lost_answers(&self) -> u64 {
        self.0.lost_answer.load(Ordering::Relaxed)
    }

    /// Draws what happens to the next commit.
    pub(super) fn draw(&self) -> Option<Fault> {
        let mut state = self.lock();
        let Play { rates, rng } = state.as_mut()?;
        let drawn = uniform(rng);
        let fault = if drawn < rates.serialization {
            Fault::Serialization
        } else if drawn < rates.serialization + rates.lost_answer {
            Fault::LostAnswer
        } else {
            return None;
        };
        self.count(fault);
        Some(fault)
    }

    fn count(&self, fault: Fault) {
        let counter = match fault {
            Fault::Serialization => &self.0.serialization,
            Fault::LostAnswer => &self.0.lost_answer,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Play>> {
        self.0.rates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Draws from [0, 1).
fn uniform(rng: &mut ChaCha12Rng) -> f64 {
    f64::from(rng.next_u32()) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_come_at_their_rates_and_only_when_set() {
        let hook = FaultHook::default();
        assert_eq!(hook.draw(), None);
        hook.set(FaultRates {
            serialization: 0.2,
            lost_answer: 0.3,
            seed: 1,
        });
        let faults = (0..10_000).filter(|_| hook.draw().is_some()).count();
        assert!((4_800..5_200).contains(&faults), "{faults}");
        assert!(
            (1_850..2_150).contains(&hook.serializations()),
            "{}",
            hook.serializations()
        );
        hook.clear();
        assert_eq!(hook.draw(), None);
    }
}
