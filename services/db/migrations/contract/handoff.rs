//! The handoff side.

use crate::db::migrations::change::Change;

pub(super) fn changes() -> Vec<Change> {
    Vec::new()
}
