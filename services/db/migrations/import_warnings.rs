//! What an import counts of the rows that it takes: those with a warning, and those that no letter reaches.

use super::blueprint::{bigint, otherwise};
use super::change::Change;

pub(super) fn changes() -> Vec<Change> {
    let columns = ["warned", "unmailable"].map(|name| otherwise(bigint(name), 0_i64));
    vec![Change::Add("roster_import", columns.into())]
}
