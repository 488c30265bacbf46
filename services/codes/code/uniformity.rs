//! The self-test of a batch: are its symbols as random as they should be?
//!
//! Every random position of a code must show each of the 32 symbols equally often. The statistic is Pearson's chi-square
//! with 31 degrees of freedom, one for each of the 14 positions. A batch from a good generator exceeds [`BOUND`] in any
//! position once in 700,000 times; one with a fixed, counted or dated symbol exceeds it always.

use serde::{Deserialize, Serialize};

use super::Code;
use super::gf32::DATA;

const SYMBOLS: usize = 32;
/// The quantile of chi-square with 31 degrees of freedom that is exceeded with probability 10^-7.
pub const BOUND: f64 = 90.443;
/// Below five expected of each symbol the statistic means nothing (W. G. Cochran, 1954).
const ENOUGH: u64 = 5 * SYMBOLS as u64;

/// How often each symbol stood at each random position of the codes counted so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    codes: u64,
    collisions: u64,
    counts: Vec<Vec<u64>>,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            codes: 0,
            collisions: 0,
            counts: vec![vec![0; SYMBOLS]; DATA],
        }
    }
}

impl Tally {
    /// Counts a code.
    pub fn count(&mut self, code: &Code) {
        self.codes += 1;
        for (counts, symbol) in self.counts.iter_mut().zip(code.symbols()) {
            counts[usize::from(*symbol)] += 1;
        }
    }

    /// Counts a code that was there already, and was derived anew.
    pub fn collided(&mut self) {
        self.collisions += 1;
    }

    /// Adds what another tally counted.
    pub fn add(&mut self, other: &Self) {
        self.codes += other.codes;
        self.collisions += other.collisions;
        for (ours, theirs) in self.counts.iter_mut().zip(&other.counts) {
            for (ours, theirs) in ours.iter_mut().zip(theirs) {
                *ours += theirs;
            }
        }
    }

    /// Gives the figures of the self-test.
    pub fn figures(&self) -> Figures {
        Figures {
            codes: self.codes,
            collisions: self.collisions,
            chi_square: self.counts.iter().map(|counts| self.chi(counts)).collect(),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of a batch are far below 2^52"
    )]
    fn chi(&self, counts: &[u64]) -> f64 {
        if self.codes == 0 {
            return 0.0;
        }
        let expected = self.codes as f64 / SYMBOLS as f64;
        let squares = counts
            .iter()
            .map(|count| (*count as f64 - expected).powi(2));
        // Three decimals are more than anybody reads, and print the same everywhere.
        (squares.sum::<f64>() / expected * 1e3).round() / 1e3
    }
}

/// What the self-test of a batch found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Codes that were counted.
    pub codes: u64,
    /// Codes that were there already, and were derived anew.
    pub collisions: u64,
    /// Chi-square with 31 degrees of freedom, for each random position.
    pub chi_square: Vec<f64>,
}

impl Figures {
    /// Tells whether the symbols are as random as they should be. A batch too small to tell passes.
    pub fn pass(&self) -> bool {
        self.codes < ENOUGH || self.chi_square.iter().all(|chi| *chi <= BOUND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(codes: impl Iterator<Item = u128>) -> Tally {
        let mut tally = Tally::default();
        for bits in codes {
            tally.count(&Code::from_bits(bits));
        }
        tally
    }

    /// A multiplicative generator whose high bits are good enough to stand for random ones.
    fn random(n: u128) -> u128 {
        let mut x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835) ^ (n << 64);
        for _ in 0..3 {
            x ^= x >> 61;
            x = x.wrapping_mul(0xda94_2042_e4dd_58b5_2545_f491_4f6c_dd1d);
        }
        x >> 58
    }

    #[test]
    fn random_codes_pass_and_their_parts_add_up() {
        let whole = tally((0..20_000).map(random));
        assert!(whole.figures().pass(), "{:?}", whole.figures());
        let mut sum = tally((0..7_000).map(random));
        sum.add(&tally((7_000..20_000).map(random)));
        assert_eq!(sum, whole);
    }

    #[test]
    fn counted_dated_and_shared_codes_fail() {
        assert!(!tally(0..20_000).figures().pass(), "a counter");
        let dated = (0..20_000).map(|n| (2_026_112_300 + n / 100) << 36 | random(n) >> 34);
        assert!(!tally(dated).figures().pass(), "a date in front");
        assert!(!tally((0..20_000).map(|_| 7)).figures().pass(), "one code");
    }

    #[test]
    fn one_symbol_that_never_comes_is_seen() {
        let lame = (0..20_000).map(random).filter(|bits| bits & 31 != 17);
        assert!(!tally(lame).figures().pass());
    }

    #[test]
    fn too_few_codes_tell_nothing() {
        assert!(tally(0..159).figures().pass());
        assert!(!tally(0..160).figures().pass());
        assert!(Tally::default().figures().pass());
    }
}
