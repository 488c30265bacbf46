//! Codes that were revoked before their batch was first exported: they get no letter.
//!
//! Nobody knows whether older batches were printed; they count as printed, so that their files stay the same.

use super::blueprint::{Change, bigint, boolean, instant, maybe, otherwise};

const RULE: &str = "withheld IS NULL OR (withheld AND state = 'REVOKED')";

pub(super) fn changes() -> Vec<Change> {
    vec![
        Change::add("code_batch", maybe(instant("first_exported_at"))),
        Change::add("code_batch", otherwise(bigint("withheld"), 0_i64)),
        Change::Fill("UPDATE code_batch SET first_exported_at = completed_at"),
        Change::add_with_rule("code", maybe(boolean("withheld")), RULE),
    ]
}
