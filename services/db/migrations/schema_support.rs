//! What an older program must know to run on: it cannot know the steps that came after it.

use super::blueprint::{Blueprint, text};
use super::change::Change;

/// The table that says, for programs that do not know a step, whether they run with it.
pub(in crate::db) const SUPPORT: &str = "schema_support";

pub(super) fn changes() -> Vec<Change> {
    vec![Change::Make(Blueprint::table(
        SUPPORT,
        &["step"],
        [text("step"), text("runs_since")],
    ))]
}
