//! Creates, pauses and resumes partners.

use serde_json::json;

use crate::db::entities::ClosedSet as _;
use crate::db::entities::partner::State;
use crate::db::{Tx, audit};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::kernel::ids::{CampaignId, PartnerId};
use crate::process::request::{self, Request};

use super::audit::about_partner;
use super::model::Partner;
use super::store;

/// Creates a partner; a repeated request gives the one it made.
pub async fn create_partner(
    context: &Context,
    request: &Request,
    partner: &Partner,
) -> Result<Partner, Error> {
    context
        .db
        .run_tx("partner.create", |tx| {
            Box::pin(async move {
                if let Some(id) = request::answered(tx, request).await? {
                    return store::by_id(tx, id).await;
                }
                store::add(tx, partner).await?;
                let detail = json!({"name": partner.name, "mode": partner.mode.as_str()});
                let actor = &request.caller;
                let event = about_partner(context, actor, "partner.created", partner.id, detail);
                audit::record(tx, &[event]).await?;
                request::record(tx, request, &partner.id, partner.created_at).await?;
                Ok(partner.clone())
            })
        })
        .await
}

/// Pauses or resumes a partner, or one campaign at it. Doing it twice is no error.
pub async fn set_state(
    context: &Context,
    request: &Request,
    (id, campaign): (PartnerId, Option<CampaignId>),
    state: State,
) -> Result<Partner, Error> {
    let action = match state {
        State::Active => "partner.resumed",
        State::Paused => "partner.paused",
    };
    context
        .db
        .run_tx("partner.set_state", |tx| {
            Box::pin(async move {
                if request::answered::<PartnerId>(tx, request).await?.is_some() {
                    return store::by_id(tx, id).await;
                }
                let now = context.clock.now();
                let is_new = match campaign {
                    None => store::set_state(tx, id, state).await?,
                    Some(campaign) => set_campaign(tx, id, campaign, state).await?,
                };
                if is_new {
                    let detail = campaign.map_or_else(|| json!({}), |id| json!({ "campaign": id }));
                    let event = about_partner(context, &request.caller, action, id, detail);
                    audit::record(tx, &[event]).await?;
                }
                let partner = store::by_id(tx, id).await?;
                request::record(tx, request, &id, now).await?;
                Ok(partner)
            })
        })
        .await
}

/// Pauses or resumes a campaign at a partner; tells whether that changed anything.
async fn set_campaign(
    tx: &Tx<'_>,
    id: PartnerId,
    campaign: CampaignId,
    state: State,
) -> Result<bool, Error> {
    let mut partner = store::lock(tx, id).await?;
    let is_new = match state {
        State::Paused => partner.paused_campaigns.insert(campaign),
        State::Active => partner.paused_campaigns.remove(&campaign),
    };
    if is_new {
        store::set_paused_campaigns(tx, &partner).await?;
    }
    Ok(is_new)
}
