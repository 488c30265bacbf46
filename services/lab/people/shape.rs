//! What a roster of invented people is to be.

use jiff::civil::{Date, date};

/// The day on which ages are counted unless another is asked for.
pub const AS_OF: Date = date(2026, 1, 1);

/// What to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Distinct people.
    pub people: u64,
    /// Repeats the same roster.
    pub seed: u64,
    /// The day on which ages are counted.
    pub as_of: Date,
}
