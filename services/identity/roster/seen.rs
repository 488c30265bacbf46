//! What an import remembers of the roster, so that it asks the database about few rows.
//!
//! A Bloom filter (B. H. Bloom, 1970) over the references and SSN keys that the roster holds: where it says no, the roster
//! does not have it. It takes the same memory for a thousand people and for millions; beyond eight million it says yes too
//! often, and more is asked for.
//!
//! It knows the rows that were there when it was made and those of its own import. Whether others have written since is seen
//! by the number of rows that all imports of the campaign have settled: another number, and what it says counts no more.

use uuid::Uuid;

use super::prepare::NewIndividual;

/// 8 MiB: 8 bits each for eight million keys, so that one new row in fifty is asked for in vain.
const BITS: u64 = 1 << 26;
/// How many bits a key sets.
const PROBES: u64 = 5;

/// What an import remembers.
#[derive(Debug)]
pub struct Seen {
    bits: Vec<u64>,
}

impl Default for Seen {
    fn default() -> Self {
        let words = usize::try_from(BITS / 64).unwrap_or(usize::MAX);
        Self {
            bits: vec![0; words],
        }
    }
}

impl Seen {
    /// Tells whether a reference may be on the roster.
    pub fn has_reference(&self, reference: Uuid) -> bool {
        self.has(reference.as_u128())
    }

    /// Tells whether an SSN key may be on the roster.
    pub fn has_ssn(&self, key: i64) -> bool {
        self.has(spread(key))
    }

    /// Remembers a row.
    pub fn add(&mut self, row: &NewIndividual) {
        row.macs
            .iter()
            .for_each(|macs| self.add_reference(macs.reference));
        row.ssn_keys.iter().for_each(|key| self.add_ssn(*key));
    }

    /// Remembers a reference.
    pub fn add_reference(&mut self, reference: Uuid) {
        self.set(reference.as_u128());
    }

    /// Remembers an SSN key.
    pub fn add_ssn(&mut self, key: i64) {
        self.set(spread(key));
    }

    fn has(&self, key: u128) -> bool {
        places(key).all(|(word, bit)| self.bits[word] & bit != 0)
    }

    fn set(&mut self, key: u128) {
        for (word, bit) in places(key) {
            self.bits[word] |= bit;
        }
    }
}

/// Gives the bits of a key, which is a keyed hash and so as good as random (Kirsch and Mitzenmacher, 2006).
fn places(key: u128) -> impl Iterator<Item = (usize, u64)> {
    let halves = key.to_be_bytes();
    let half = |at: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&halves[at..at + 8]);
        u64::from_be_bytes(bytes)
    };
    let (first, step) = (half(0), half(8) | 1);
    (0..PROBES).map(move |probe| {
        let bit = first.wrapping_add(probe.wrapping_mul(step)) % BITS;
        (usize::try_from(bit / 64).unwrap_or(0), 1 << (bit % 64))
    })
}

/// Makes a key of 128 bits from one of 64: a multiplication with the golden ratio, both halves of it.
fn spread(key: i64) -> u128 {
    let key = u128::from(u64::from_be_bytes(key.to_be_bytes()));
    key << 64 | key.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835) >> 64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_had_and_hardly_anything_else() {
        let mut seen = Seen::default();
        let key = |n: i64| n.wrapping_mul(0x5851_f42d_4c95_7f2d).rotate_left(29);
        for n in 0..100_000 {
            seen.add_ssn(key(n));
        }
        assert!((0..100_000).all(|n| seen.has_ssn(key(n))));
        let mistaken = (100_000..200_000).filter(|n| seen.has_ssn(key(*n))).count();
        assert!(mistaken < 10, "{mistaken}");
    }
}
