//! What a reader is told about a file.

use super::columns::Map;

/// What somebody says about a file.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Which column is which.
    pub map: Map,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// Whether unknown columns are passed over.
    pub ignore_unknown: bool,
}
