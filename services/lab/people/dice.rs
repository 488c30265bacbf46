//! Draws from one stream per person, so that a person is the same whatever was drawn before.
//!
//! Ranges are taken here by multiply and shift instead of by a library's sampler: "same seed, same bytes" then holds
//! across its versions too.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The source of one person's draws.
#[derive(Clone, Debug)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// Opens stream `stream` of a seed.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// Draws a number below `limit`; 0 when the limit is 0.
    pub fn below(&mut self, limit: u32) -> u32 {
        let wide = u64::from(self.0.next_u32()) * u64::from(limit);
        u32::try_from(wide >> 32).unwrap_or(0)
    }

    /// Draws a number from `low` to `high`, both included.
    pub fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low + 1)
    }

    /// Is true `share` times in a thousand.
    pub fn chance(&mut self, share: u32) -> bool {
        self.below(1_000) < share
    }

    /// Picks one of a list, each as likely as the other.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let at = self.below(u32::try_from(list.len()).unwrap_or(u32::MAX));
        &list[at as usize]
    }

    /// Picks an index by cumulative weights.
    pub fn weighted(&mut self, cumulative: &[u32]) -> usize {
        let draw = self.below(cumulative.last().copied().unwrap_or(0));
        cumulative.partition_point(|bound| *bound <= draw)
    }
}

/// Sums weights up, for [`Dice::weighted`].
pub fn cumulate(weights: impl IntoIterator<Item = u32>) -> Vec<u32> {
    let mut sum = 0;
    weights
        .into_iter()
        .map(|weight| {
            sum += weight;
            sum
        })
        .collect()
}
