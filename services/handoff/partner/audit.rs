//! The audit events about a partner.

use serde_json::Value;

use crate::db::audit::Event;
use crate::handoff::context::Context;
use crate::kernel::ids::PartnerId;

/// Makes an audit event about a partner, now.
pub(crate) fn about_partner(
    context: &Context,
    actor: &str,
    action: &'static str,
    partner: PartnerId,
    detail: Value,
) -> Event {
    Event {
        id: context.ids.next(),
        campaign_id: None,
        at: context.clock.now(),
        actor: actor.to_owned(),
        action,
        subject_kind: "partner",
        subject_id: Some(partner.as_uuid()),
        detail,
    }
}
