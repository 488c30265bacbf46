//! A handoff as it is shown. Nothing in it is personal.

use std::collections::BTreeMap;

use crate::cli::render::Record;
use crate::client::convert::{outcome_class, state, time};
use crate::wire::redress::handoff::v1 as wire;

/// A handoff in one line.
pub(super) fn row(handoff: &wire::Handoff, partners: &BTreeMap<String, String>) -> Record {
    Record::new()
        .with("handoff_id", handoff.handoff_id.as_str())
        .with("state", state_of(handoff))
        .with("partner", partner(handoff, partners))
        .with("kind", kind(handoff))
        .with("attempts", handoff.attempts)
        .with("outcome_class", outcome_class(handoff.outcome_class))
        .with("dead_reason", handoff.dead_reason.as_str())
        .with("queued", time(handoff.create_time.as_ref()))
        .with("next_attempt", time(handoff.next_attempt_time.as_ref()))
        .with("enrollment_id", handoff.enrollment_id.as_str())
}

/// All of a handoff.
pub(super) fn whole(handoff: &wire::Handoff, partners: &BTreeMap<String, String>) -> Record {
    Record::new()
        .with("handoff_id", handoff.handoff_id.as_str())
        .with("state", state_of(handoff))
        .with("partner", partner(handoff, partners))
        .with("kind", kind(handoff))
        .with("order_attempt", handoff.order_attempt)
        .with("attempts", handoff.attempts)
        .with("outcome_class", outcome_class(handoff.outcome_class))
        .with("native_code", handoff.native_code.as_str())
        .with("partner_reference", handoff.partner_reference.as_str())
        .with("revision", handoff.revision)
        .with("dead_reason", handoff.dead_reason.as_str())
        .with("queued", time(handoff.create_time.as_ref()))
        .with("next_attempt", time(handoff.next_attempt_time.as_ref()))
        .with("acknowledged", time(handoff.acknowledge_time.as_ref()))
        .with("settled", time(handoff.settle_time.as_ref()))
        .with("changed", time(handoff.update_time.as_ref()))
        .with("enrollment_id", handoff.enrollment_id.as_str())
        .with("coverage_id", handoff.coverage_id.as_str())
        .with("partner_id", handoff.partner_id.as_str())
}

/// Where a handoff stands.
pub(super) fn state_of(handoff: &wire::Handoff) -> String {
    state(handoff.state().as_str_name(), "HANDOFF_STATE_")
}

fn kind(handoff: &wire::Handoff) -> String {
    state(handoff.kind().as_str_name(), "HANDOFF_KIND_")
}

fn partner(handoff: &wire::Handoff, partners: &BTreeMap<String, String>) -> String {
    let name = partners.get(&handoff.partner_id);
    name.unwrap_or(&handoff.partner_id).clone()
}
