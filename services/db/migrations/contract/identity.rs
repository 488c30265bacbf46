//! The identity side.

use crate::db::migrations::blueprint::{bigint, otherwise};
use crate::db::migrations::change::Change;

pub(super) fn changes() -> Vec<Change> {
    vec![Change::Add(
        "roster_import",
        vec![otherwise(bigint("durable_line"), 1_i64)],
    )]
}
