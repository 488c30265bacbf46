//! What cannot be applied steps aside, an operator sees it, and has it tried again once the cause is mended.

use serde_json::json;
use uuid::Uuid;

use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::codes::metrics;
use crate::db::audit::{self, Event};
use crate::kernel::ids::CampaignId;
use crate::process::request::{self, Request};
use crate::process::{Act, Call};

use super::outcome_store::OutcomeKey;
use super::set_aside_store::{self as store, SetAside};

/// Sets an outcome aside. `why` holds nothing personal.
pub async fn set_aside(context: &Context, key: OutcomeKey, why: &str) -> Result<(), Error> {
    let now = context.now();
    let event_id = context.ids.next();
    let marked = context.db.run_tx("set_outcome_aside", |tx| {
        Box::pin(async move {
            let Some(enrollment) = store::mark(tx, key, (why, now)).await? else {
                return Ok(None);
            };
            let event = Event {
                id: event_id,
                campaign_id: Some(key.campaign_id),
                at: now,
                actor: "service/enrollment-codes".to_owned(),
                action: "outcome.set_aside",
                subject_kind: "enrollment",
                subject_id: Some(enrollment.as_uuid()),
                detail: json!({ "outcome": key.id, "why": why }),
            };
            audit::record(tx, &[event]).await?;
            Ok::<_, Error>(Some(enrollment))
        })
    });
    if let Some(enrollment_id) = marked.await? {
        metrics::outcome_set_aside();
        tracing::error!(
            campaign_id = %key.campaign_id,
            %enrollment_id,
            outcome_id = %key.id,
            why,
            "an outcome cannot be applied and was set aside: see `redress enrollment set-aside`"
        );
    }
    Ok(())
}

/// Lists what was set aside: at most one more than `limit`, to know whether there is another page.
pub async fn list_set_aside(
    context: &Context,
    campaign: CampaignId,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<SetAside>, Error> {
    let read = context.db.read();
    context.campaign_cache.by_id(read, campaign).await?;
    Ok(store::page(read, campaign, after.unwrap_or_default(), limit + 1).await?)
}

/// Has what was set aside tried again, all of the campaign's or what has these ids, and gives its number.
pub async fn retry_set_aside(
    context: &Context,
    call: &Call,
    request: &Request,
    (campaign, ids): (CampaignId, &[Uuid]),
) -> Result<u64, Error> {
    let read = context.db.read();
    context.campaign_cache.by_id(read, campaign).await?;
    let act = Act::on("set_aside.retried", "campaign", campaign);
    context
        .db
        .run_tx("retry_set_aside", |tx| {
            Box::pin(async move {
                if let Some(count) = request::answered::<u64>(tx, request).await? {
                    return Ok(count);
                }
                let count = store::unmark(tx, campaign, ids).await?;
                let detail = json!({ "rows": count });
                let event = call.event(context, Some(campaign), act, detail);
                audit::record(tx, &[event]).await?;
                request::record(tx, request, &count, context.now()).await?;
                Ok::<_, Error>(count)
            })
        })
        .await
}
