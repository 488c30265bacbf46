//! Creates, pauses and resumes partners.

use serde_json::json;

use crate::db::audit;
use crate::db::entities::ClosedSet as _;
use crate::db::entities::partner::State;
use crate::db::idempotency::{self, Known};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::kernel::ids::PartnerId;

use super::audit::about_partner;
use super::model::Partner;
use super::store;

/// Creates a partner; a repeated request gives the one it made.
pub async fn create_partner(
    context: &Context,
    request: &idempotency::Request,
    partner: &Partner,
) -> Result<Partner, Error> {
    context
        .db
        .run_tx("partner.create", |tx| {
            Box::pin(async move {
                match idempotency::look_up(tx, request).await? {
                    Known::Done(id) => return store::by_id(tx, recorded(&id)?).await,
                    Known::Conflict => return Err(Error::RequestIdReused),
                    Known::New => {}
                }
                store::add(tx, partner).await?;
                let detail = json!({"name": partner.name, "mode": partner.mode.as_str()});
                let actor = &request.caller;
                let event = about_partner(context, actor, "partner.created", partner.id, detail);
                audit::record(tx, &[event]).await?;
                idempotency::record(tx, request, &partner.id.to_string(), partner.created_at)
                    .await?;
                Ok(partner.clone())
            })
        })
        .await
}

fn recorded(id: &str) -> Result<PartnerId, Error> {
    let corrupt = |_| crate::db::Error::corrupt("the answer of an earlier call");
    Ok(id.parse().map_err(corrupt)?)
}

/// Pauses or resumes a partner. Doing it twice is no error.
pub async fn set_state(
    context: &Context,
    request: &idempotency::Request,
    id: PartnerId,
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
                match idempotency::look_up(tx, request).await? {
                    Known::Done(_) => return store::by_id(tx, id).await,
                    Known::Conflict => return Err(Error::RequestIdReused),
                    Known::New => {}
                }
                let now = context.clock.now();
                if store::set_state(tx, id, state).await? {
                    let event = about_partner(context, &request.caller, action, id, json!({}));
                    audit::record(tx, &[event]).await?;
                }
                let partner = store::by_id(tx, id).await?;
                idempotency::record(tx, request, &id.to_string(), now).await?;
                Ok(partner)
            })
        })
        .await
}
