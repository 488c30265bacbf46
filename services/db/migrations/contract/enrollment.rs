//! Campaigns, enrollments and their consent.

use crate::db::migrations::change::Change;

pub(super) fn changes() -> Vec<Change> {
    vec![Change::Drop("covered_entity", &["kind"])]
}
