//! The merge of two streams ordered by individual id.

use super::addresses::Addresses;
use super::feed::Feed;
use super::letter::LetterLines;
use super::output::{Ended, Output};
use super::seeds::SeedLetters;
use crate::client::problem::Problem;
use crate::client::progress::Progress;
use crate::wire::redress::enrollment::v1::PlainCode;

/// Lines are handed on in pieces of this size.
const BUFFER: usize = 1 << 18;
/// Progress is told every so many letters.
const STRIDE: u64 = 512;

/// The print file while it is made.
pub struct Printing {
    /// Makes the lines.
    pub lines: LetterLines,
    /// Gives some codes to staff.
    pub seeds: SeedLetters,
    /// Writes the lines.
    pub output: Output,
    /// Codes of people who have no usable address any more.
    pub without_address: u64,
    /// Codes that were looked at, and all of them.
    pub looked_at: (u64, u64),
    /// Shows how many were looked at.
    pub progress: Progress,
}

impl Printing {
    /// Makes the letters of a batch from its codes and the addresses that belong to them.
    ///
    /// Blocks: it runs on a thread for such work.
    pub fn batch(
        &mut self,
        mut codes: Feed<PlainCode>,
        mut addresses: Addresses,
    ) -> Result<(), Stop> {
        self.seeds.next_batch();
        while let Some(code) = codes.next_item()? {
            if code.seed {
                if let Some(address) = self.seeds.plant(&code) {
                    self.lines.seed(&code, &address);
                }
                continue;
            }
            match addresses.of(&code.individual_id)? {
                Some(address) => self.lines.letter(&code, &address),
                None => self.without_address += 1,
            }
            let (looked_at, all) = &mut self.looked_at;
            *looked_at += 1;
            if looked_at.is_multiple_of(STRIDE) {
                self.progress.set(*looked_at, *all);
            }
            if self.lines.made.len() >= BUFFER {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Hands the lines that were made to the output.
    pub fn flush(&mut self) -> Result<(), Ended> {
        self.lines.made = self.output.write(std::mem::take(&mut self.lines.made))?;
        Ok(())
    }
}

/// Why the merge stopped.
pub enum Stop {
    /// A stream failed.
    Problem(Problem),
    /// The file cannot be written; the output knows why.
    Ended,
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Ended> for Stop {
    fn from(Ended: Ended) -> Self {
        Self::Ended
    }
}
