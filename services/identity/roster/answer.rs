//! What an import answers: its totals, and what there is to say of each line.

use crate::db::entities::roster_import;
use crate::kernel::ids::ImportId;

use super::count::Notices;
use super::plan::Outcome;
use super::reject::Reject;
use super::warning::Warning;

/// Counts of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Rows seen.
    pub rows: i64,
    /// Rows that made an individual.
    pub accepted: i64,
    /// Rows merged.
    pub merged: i64,
    /// Rows that corrected an individual.
    pub corrected: i64,
    /// Rows loaded before.
    pub unchanged: i64,
    /// Rows not taken.
    pub rejected: i64,
    /// Rows taken with a warning.
    pub warned: i64,
    /// Rows taken whose address no letter can be sent to.
    pub unmailable: i64,
    /// Rows that made an individual who stands on the review list.
    pub for_review: i64,
}

impl Totals {
    /// Counts a row that is taken.
    pub fn notice(&mut self, warnings: &[Warning]) {
        let Notices {
            is_warned,
            is_unmailable,
        } = Notices::of(warnings);
        self.warned += i64::from(is_warned);
        self.unmailable += i64::from(is_unmailable);
    }
}

/// The answer to the header, to a chunk, or to the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The import; none where the rows are only judged.
    pub import: Option<ImportId>,
    /// Every row up to this line is durable or rejected; in the first answer by an earlier run that broke off.
    pub durable_line: i64,
    /// Counts of this run.
    pub totals: Totals,
    /// Lines of the chunk that were not taken.
    pub rejected: Vec<(i64, Reject)>,
    /// What there is to say of lines of the chunk that were taken.
    pub warnings: Vec<(i64, Warning)>,
    /// Lines of the chunk that told of somebody known, or perhaps of somebody known.
    pub matched: Vec<(i64, Outcome)>,
    /// In the last answer.
    pub finished: Option<Finished>,
}

/// What the last answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finished {
    /// The import as it is stored, with the totals of the whole file.
    Stored(roster_import::Model),
    /// Every row was judged, and nothing is stored.
    Judged,
}

impl Finished {
    /// Gives the import as it is stored.
    pub const fn import(&self) -> Option<&roster_import::Model> {
        match self {
            Self::Stored(import) => Some(import),
            Self::Judged => None,
        }
    }
}
