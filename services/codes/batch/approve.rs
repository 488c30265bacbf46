//! Two operators for an export: one asks, another approves, and the one who asked exports.
//!
//! The server knows them by their certificates. Only the operator who asked can export, so that the approval names who holds
//! the print file afterwards.

use std::time::Duration;

use serde_json::json;

use crate::codes::campaign::store as campaigns;
use crate::codes::context::{Call, Context};
use crate::codes::error::Error;
use crate::codes::store::{answered, insert};
use crate::db::entities::{campaign, export_approval};
use crate::db::idempotency::{self, Request};
use crate::db::{Tx, audit};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{BatchId, CampaignId, ExportApprovalId};

use super::approval::State;
use super::approval_store;
use super::printable::printable;

/// How long a request waits, and how long an approval allows the export.
const LIVES: Duration = Duration::from_hours(24);

/// Asks for the export of a batch that could be exported. A batch of reissues takes no more codes from then on.
pub async fn request_export(
    context: &Context,
    call: &Call,
    request: &Request,
    campaign: CampaignId,
    batch: BatchId,
) -> Result<export_approval::Model, Error> {
    let now = context.now();
    let row = &export_approval::Model {
        campaign_id: campaign,
        id: context.ids.next(),
        batch_id: batch,
        requested_by: call.caller.to_string(),
        requested_at: now,
        approved_by: None,
        approved_at: None,
        expires_at: now + LIVES,
    };
    let event = &call.event(
        context,
        Some(campaign),
        "export.requested",
        ("export_approval", Some(row.id.as_uuid())),
        json!({ "batch": batch.to_string() }),
    );
    let done = context.db.run_tx("request_export", |tx| {
        Box::pin(async move {
            if let Some(id) = answered(tx, request).await? {
                return Ok(id);
            }
            printable(tx, campaign, batch, now).await?;
            insert(tx, row).await?;
            audit::record(tx, std::slice::from_ref(event)).await?;
            idempotency::record(tx, request, &row.id.to_string(), now).await?;
            Ok::<_, Error>(row.id)
        })
    });
    get(context, campaign, done.await?).await
}

/// Approves what another operator asked for. One that is approved already stays as it is.
pub async fn approve_export(
    context: &Context,
    call: &Call,
    request: &Request,
    campaign: CampaignId,
    id: ExportApprovalId,
) -> Result<export_approval::Model, Error> {
    let now = context.now();
    let by = &call.caller.to_string();
    let event = &call.event(
        context,
        Some(campaign),
        "export.approved",
        ("export_approval", Some(id.as_uuid())),
        json!({}),
    );
    let done = context.db.run_tx("approve_export", |tx| {
        Box::pin(async move {
            if let Some(id) = answered(tx, request).await? {
                return Ok(id);
            }
            let row = approval_store::lock(tx, campaign, id)
                .await?
                .ok_or(Error::ApprovalNotFound)?;
            if row.requested_by == *by {
                return Err(Error::SecondPerson);
            }
            printable(tx, campaign, row.batch_id, now).await?;
            match State::at(now, row.approved_at, row.expires_at) {
                State::Expired => return Err(Error::ApprovalExpired),
                State::Approved => {}
                State::Requested => {
                    approval_store::approve(tx, (campaign, id), by, now, now + LIVES).await?;
                    audit::record(tx, std::slice::from_ref(event)).await?;
                }
            }
            idempotency::record(tx, request, &id.to_string(), now).await?;
            Ok::<_, Error>(id)
        })
    });
    get(context, campaign, done.await?).await
}

/// Lists a campaign's approvals, newest first: at most one more than `limit`, to know whether there is another page.
pub async fn list_export_approvals(
    context: &Context,
    campaign: CampaignId,
    before: Option<ExportApprovalId>,
    limit: u64,
) -> Result<Vec<export_approval::Model>, Error> {
    let read = context.db.read();
    campaigns::by_id(read, campaign)
        .await?
        .ok_or(Error::CampaignNotFound)?;
    Ok(approval_store::page(read, campaign, before, limit + 1).await?)
}

/// Finds the approval that lets a caller export a batch; none where the campaign asks for none.
pub(crate) async fn demand(
    tx: &Tx<'_>,
    campaign: &campaign::Model,
    batch: BatchId,
    caller: &str,
    now: Timestamp,
) -> Result<Option<ExportApprovalId>, Error> {
    if !campaign.two_operators {
        return Ok(None);
    }
    let live = approval_store::live(tx, campaign.id, batch, caller, now).await?;
    live.map(|live| Some(live.id))
        .ok_or(Error::ExportNotApproved)
}

async fn get(
    context: &Context,
    campaign: CampaignId,
    id: ExportApprovalId,
) -> Result<export_approval::Model, Error> {
    let found = approval_store::get(context.db.read(), campaign, id).await?;
    found.ok_or(Error::ApprovalNotFound)
}
