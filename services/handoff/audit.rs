//! What happens: one file a verb.

use crate::db::audit::Event;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{HandoffId, PartnerId};

use super::activation::store::Key;
use super::context::Context;
use super::queue::model::Handoff;

/// An audit event about a handoff.
pub(crate) fn about_handoff(
    context: &Context,
    now: Timestamp,
    actor: &str,
    action: &'static str,
    handoff: &Handoff,
    detail: serde_json::Value,
) -> Event {
    Event {
        id: context.ids.next(),
        campaign_id: Some(handoff.campaign_id),
        at: now,
        actor: actor.to_owned(),
        action,
        subject_kind: "handoff",
        subject_id: Some(HandoffId::as_uuid(handoff.id)),
        detail,
    }
}

/// An audit event about the activation codes of a partner for a campaign.
pub(crate) fn about_pool(
    context: &Context,
    now: Timestamp,
    actor: &str,
    action: &'static str,
    pool: Key,
    detail: serde_json::Value,
) -> Event {
    Event {
        campaign_id: Some(pool.campaign),
        ..about_partner(context, now, actor, action, pool.partner, detail)
    }
}

/// An audit event about a partner.
pub(crate) fn about_partner(
    context: &Context,
    now: Timestamp,
    actor: &str,
    action: &'static str,
    partner: PartnerId,
    detail: serde_json::Value,
) -> Event {
    Event {
        id: context.ids.next(),
        campaign_id: None,
        at: now,
        actor: actor.to_owned(),
        action,
        subject_kind: "partner",
        subject_id: Some(PartnerId::as_uuid(partner)),
        detail,
    }
}
