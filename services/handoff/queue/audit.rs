//! The audit events about a handoff.

use serde_json::Value;

use crate::db::audit::Event;
use crate::handoff::context::Context;

use super::handoff::Handoff;

/// Makes an audit event about a handoff, now.
pub(crate) fn about_handoff(
    context: &Context,
    actor: &str,
    action: &'static str,
    handoff: &Handoff,
    detail: Value,
) -> Event {
    Event {
        id: context.ids.next(),
        campaign_id: Some(handoff.campaign_id),
        at: context.clock.now(),
        actor: actor.to_owned(),
        action,
        subject_kind: "handoff",
        subject_id: Some(handoff.id.as_uuid()),
        detail,
    }
}
