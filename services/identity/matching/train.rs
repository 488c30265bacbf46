//! Estimates what the levels of the fields weigh, from rows of which nobody knows which are of one person.
//!
//! The chance `u` of a level for two people is counted in pairs drawn at random, of which almost all are of two people. The chance `m` for one
//! person comes from pairs that agree in one field (family name, birth date, number, street), by expectation-maximisation (Dempster, Laird and
//! Rubin 1977; Winkler 1988 and 2000): each pair is taken for one of one person as likely as the present chances make it, the chances are counted
//! again with these shares, and so on until they stand still. The field in which the pairs of a list agree by choice says nothing there, neither
//! about a pair nor about itself. Random pairs that are likely of one person do not count for `u`.
//!
//! Fields are taken for independent (Fellegi and Sunter 1969). What a household shares is not: family name, address, contacts, and at some clinics the
//! number of whoever pays agree together. So a pair is judged by [`OWN`] alone, and the other fields are only counted.
//!
//! A level that was seen in neither kind of pair keeps its weight, and so does a field that fewer than [`FEWEST`] pairs of one person have. One that was
//! seen in one kind only counts in the other as half a pair.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use strum::VariantArray;

use super::level::{Field, Level};
use super::record::{self, COMPARED, Record};
use super::weights::{Weight, Weights};

/// Which pairs are drawn at random.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    /// Draws the same pairs again.
    pub seed: u64,
    /// How many; a sample that has fewer is taken whole.
    pub pairs: usize,
}

/// So many rows with one value are compared with each other. What more rows share is a filler or too common to tell anything.
pub const MOST_ALIKE: usize = 64;

/// With fewer expected pairs of one person a field is not estimated.
pub const FEWEST: f64 = 20.0;

/// Rounds after which the chances are taken as they are.
const MOST_ROUNDS: usize = 100;

/// The chances stand still when none changes by more.
const STILL: f64 = 1e-6;

/// The most that a level weighs either way, in hundredths of a bit.
const MOST: f64 = 3_000.0;

/// The fields that nobody has in common with those they live with.
const OWN: [Field; 4] = [
    Field::GivenName,
    Field::MiddleName,
    Field::Suffix,
    Field::DateOfBirth,
];

/// The fields by which pairs are found.
const BLOCKS: [Field; 4] = [
    Field::FamilyName,
    Field::DateOfBirth,
    Field::Ssn,
    Field::Street,
];

/// What a training came to.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The weights: those for resolving are estimated, those for deciding are the built-in ones.
    pub weights: Weights,
    /// Pairs that were drawn at random.
    pub random_pairs: usize,
    /// Pairs that agree in a field.
    pub similar_pairs: usize,
    /// How many of them are expected to be of one person.
    pub expected: f64,
    /// How often the chances were counted.
    pub rounds: usize,
}

/// The levels of a pair, in the order of [`COMPARED`].
type Levels = [Level; COMPARED.len()];

/// How many pairs have which levels.
type Tally = BTreeMap<Levels, f64>;

/// A number for each level of each field.
type Chances = [[f64; Level::VARIANTS.len()]; COMPARED.len()];

const NOTHING: Chances = [[0.0; Level::VARIANTS.len()]; COMPARED.len()];

/// Pairs that agree in one field, and the share of them that is of one person.
struct Block {
    field: Field,
    pairs: Tally,
    share: f64,
}

/// Trains weights from a sample. The same sample and draw give the same weights.
pub fn train(records: &[Record], draw: Draw) -> Trained {
    let random = random_pairs(records, draw);
    let mut blocks = BLOCKS.map(|field| Block {
        field,
        pairs: similar_pairs(records, field),
        share: 0.5,
    });
    let mut estimate = Estimate::begin(&random);
    let mut rounds = 0;
    while rounds < MOST_ROUNDS && estimate.improve(&mut blocks, &random) > STILL {
        rounds += 1;
    }
    Trained {
        weights: estimate.weights(),
        random_pairs: whole(count(&random)),
        similar_pairs: whole(blocks.iter().map(|block| count(&block.pairs)).sum()),
        expected: blocks.iter().map(Block::expected).sum(),
        rounds,
    }
}

impl Block {
    fn expected(&self) -> f64 {
        self.share * count(&self.pairs)
    }
}

fn count(pairs: &Tally) -> f64 {
    pairs.values().sum()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count of pairs"
)]
const fn whole(count: f64) -> usize {
    count as usize
}

/// Compares pairs drawn at random, or all pairs where there are not more.
fn random_pairs(records: &[Record], draw: Draw) -> Tally {
    let mut tally = Tally::new();
    let rows = records.len();
    let mut add = |a: usize, b: usize| {
        *tally
            .entry(record::levels(&records[a], &records[b]))
            .or_default() += 1.0;
    };
    if rows * rows.saturating_sub(1) / 2 <= draw.pairs {
        for a in 0..rows {
            (0..a).for_each(|b| add(a, b));
        }
        return tally;
    }
    let mut random = ChaCha8Rng::seed_from_u64(draw.seed);
    // Multiply and shift, not a library's sampler: the same seed gives the same pairs whatever its version.
    let mut below = |limit: usize| {
        let wide = u128::from(random.next_u64()) * (limit as u128);
        usize::try_from(wide >> 64).unwrap_or_default()
    };
    for _ in 0..draw.pairs {
        let a = below(rows);
        let b = below(rows - 1);
        add(a, if b < a { b } else { b + 1 });
    }
    tally
}

/// Compares all pairs that agree in a field.
fn similar_pairs(records: &[Record], field: Field) -> Tally {
    let mut sorted: Vec<&Record> = records.iter().filter(|one| one.has(field)).collect();
    sorted.sort_by(|a, b| a.order(b, field));
    let mut tally = Tally::new();
    let alike = sorted.chunk_by(|a, b| a.order(b, field) == Ordering::Equal);
    for alike in alike.filter(|alike| alike.len() <= MOST_ALIKE) {
        for (at, a) in alike.iter().enumerate() {
            for b in &alike[..at] {
                *tally.entry(record::levels(a, b)).or_default() += 1.0;
            }
        }
    }
    tally
}

/// The chances as they are estimated so far.
struct Estimate {
    m: Counted,
    u: Counted,
    /// The share of random pairs that is of one person.
    share: f64,
}

/// Chances and the counts that they come from.
#[derive(Clone)]
struct Counted {
    counts: Chances,
    chances: Chances,
}

impl Counted {
    fn of(counts: &Chances) -> Self {
        let mut chances = NOTHING;
        for (at, field) in COMPARED.iter().enumerate() {
            let total: f64 = counts[at].iter().sum();
            for level in field.levels() {
                let level = *level as usize;
                chances[at][level] = counts[at][level].max(0.5) / total.max(1.0);
            }
        }
        Self {
            counts: *counts,
            chances,
        }
    }

    fn total(&self, at: usize) -> f64 {
        self.counts[at].iter().sum()
    }
}

/// Counts the levels of pairs, each pair with a share.
fn add(counts: &mut Chances, levels: &Levels, pairs: f64, but: Option<Field>) {
    for (at, level) in levels.iter().enumerate() {
        if *level != Level::Missing && Some(COMPARED[at]) != but {
            counts[at][*level as usize] += pairs;
        }
    }
}

impl Estimate {
    /// Begins with records of one person that mostly agree.
    fn begin(random: &Tally) -> Self {
        let mut counts = NOTHING;
        for (at, field) in COMPARED.iter().enumerate() {
            for level in field.levels() {
                counts[at][*level as usize] = 1.0;
            }
            counts[at][Level::Exact as usize] = 30.0;
        }
        let m = Counted::of(&counts);
        let mut counts = NOTHING;
        for (levels, pairs) in random {
            add(&mut counts, levels, *pairs, None);
        }
        Self {
            m,
            u: Counted::of(&counts),
            share: 1.0 / count(random).max(2.0),
        }
    }

    /// Counts once more with what is known, and gives by how much the chances of one person changed at most.
    fn improve(&mut self, blocks: &mut [Block], random: &Tally) -> f64 {
        let (mut m, mut u) = (NOTHING, NOTHING);
        for block in blocks {
            let mut expected = 0.0;
            for (levels, pairs) in &block.pairs {
                let of_one = pairs * self.likelihood(levels, block.share, Some(block.field));
                add(&mut m, levels, of_one, Some(block.field));
                expected += of_one;
            }
            block.share = expected / count(&block.pairs).max(1.0);
        }
        let mut expected = 0.0;
        for (levels, pairs) in random {
            let of_one = pairs * self.likelihood(levels, self.share, None);
            add(&mut u, levels, pairs - of_one, None);
            expected += of_one;
        }
        self.share = expected / count(random).max(1.0);
        let before = std::mem::replace(&mut self.m, Counted::of(&m)).chances;
        self.u = Counted::of(&u);
        let changes = before.iter().flatten().zip(self.m.chances.iter().flatten());
        let changes = changes.map(|(before, now)| (before - now).abs());
        changes.fold(0.0, f64::max)
    }

    /// Gives how likely a pair is of one person.
    fn likelihood(&self, levels: &Levels, share: f64, but: Option<Field>) -> f64 {
        let share = share.clamp(1e-9, 1.0 - 1e-9);
        let mut odds = (share / (1.0 - share)).ln();
        for (at, level) in levels.iter().enumerate() {
            let field = COMPARED[at];
            if *level != Level::Missing && Some(field) != but && OWN.contains(&field) {
                let level = *level as usize;
                odds += (self.m.chances[at][level] / self.u.chances[at][level]).ln();
            }
        }
        1.0 / (1.0 + (-odds).exp())
    }

    fn weights(&self) -> Weights {
        let mut weights = Weights::built_in().clone();
        for (at, field) in COMPARED.iter().enumerate() {
            if self.m.total(at) < FEWEST {
                continue;
            }
            for level in field.levels() {
                let place = *level as usize;
                if self.m.counts[at][place] + self.u.counts[at][place] < 0.5 {
                    continue;
                }
                let (m, u) = (self.m.chances[at][place], self.u.chances[at][place]);
                let weight = Weight {
                    centibits: centibits(m, u),
                    estimate: Some((m, u)),
                };
                weights.resolving.set(*field, *level, weight);
            }
        }
        weights
    }
}

#[expect(clippy::cast_possible_truncation, reason = "bounded before")]
fn centibits(m: f64, u: f64) -> i32 {
    (100.0 * (m / u).log2()).clamp(-MOST, MOST).round() as i32
}

#[cfg(test)]
mod tests;
