//! A difference as it is shown. Nothing in it is personal.

use crate::cli::render::Record;
use crate::client::convert::{given, state, time};
use crate::wire::redress::handoff::v1 as wire;

/// A difference in one line.
pub(super) fn row(difference: &wire::Difference) -> Record {
    let it = difference;
    Record::new()
        .with("difference_id", it.difference_id.as_str())
        .with("kind", state(it.kind().as_str_name(), "DIFFERENCE_KIND_"))
        .with(
            "state",
            state(it.state().as_str_name(), "DIFFERENCE_STATE_"),
        )
        .with(
            "ours",
            given(it.our_state().as_str_name(), "HANDOFF_STATE_"),
        )
        .with(
            "theirs",
            given(it.their_progress().as_str_name(), "ENROLLMENT_PROGRESS_"),
        )
        .with(
            "do",
            state(it.suggested_action().as_str_name(), "SUGGESTED_ACTION_"),
        )
        .with("since", time(it.since_time.as_ref()))
        .with("handoff_id", it.handoff_id.as_str())
        .with("partner_reference", it.partner_reference.as_str())
}

/// A difference with what became of it.
pub(super) fn with_result(difference: &wire::Difference, result: &str) -> Record {
    row(difference).with("result", result)
}

/// A difference with how it was closed.
pub(super) fn whole(difference: &wire::Difference) -> Record {
    let it = difference;
    row(difference)
        .with("found", time(it.find_time.as_ref()))
        .with("repaired", time(it.repair_time.as_ref()))
        .with("closed", time(it.close_time.as_ref()))
        .with("closed_by", it.closed_by.as_str())
        .with(
            "reason",
            given(it.close_reason().as_str_name(), "CLOSE_REASON_"),
        )
        .with("note", it.close_note.as_str())
}
