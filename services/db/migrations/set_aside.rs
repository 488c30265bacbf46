//! Marks on the rows between enrollments and handoffs that cannot be applied: they step aside, and the rest goes on.

use super::blueprint::{instant, maybe, text};
use super::change::Change;

pub(super) fn changes() -> Vec<Change> {
    let marks = || {
        vec![
            maybe(instant("set_aside_at")),
            maybe(text("set_aside_reason")),
        ]
    };
    vec![
        Change::Add("outcome", marks()),
        Change::Add("resubmission", marks()),
    ]
}
