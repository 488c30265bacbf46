//! Deletes lists of long ago with their entries, where the settings say so, and what a later list resolved.
//!
//! The newest list of a partner that was compared stays: it tells which list is outdated. Differences that somebody closed stay, and so do
//! the manifests of each day and the invoices that were checked; only what was broken off of an invoice goes.

use std::time::Duration;

use sea_orm::{ConnectionTrait, Statement};
use tokio_util::sync::CancellationToken;

use crate::db::entities::reconciliation::{Model, State};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{self, CampaignId};
use crate::kernel::lifecycle;

use super::compare::List;
use super::{difference_store, invoice, list_store};

/// How often it is done.
const EVERY: Duration = Duration::from_mins(10);
/// Entries in one transaction.
const BATCH: i64 = 5_000;

/// Deletes until the process drains.
pub async fn run(context: Context, token: CancellationToken) {
    if context.rules.list_retention.is_zero() {
        return;
    }
    loop {
        if let Err(error) = prune(&context).await {
            tracing::warn!(%error, "old lists could not be deleted; it is tried again later");
        }
        if !lifecycle::pause(&token, EVERY).await {
            return;
        }
    }
}

/// Deletes once, campaign by campaign. Does nothing where lists are kept for ever.
pub async fn prune(context: &Context) -> Result<(), Error> {
    let kept = context.rules.list_retention;
    if kept.is_zero() {
        return Ok(());
    }
    let before = context.now() - kept;
    for campaign in campaigns(context).await? {
        for list in list_store::begun_before(context.db.read(), campaign, before).await? {
            delete(context, &list).await?;
        }
        resolved(context, campaign, before).await?;
    }
    invoice::retention::prune(context, before).await
}

/// Gives the campaigns that have lists.
async fn campaigns(context: &Context) -> Result<Vec<CampaignId>, Error> {
    let read = context.db.read();
    let backend = read.get_database_backend();
    let statement =
        Statement::from_string(backend, "SELECT DISTINCT campaign_id FROM reconciliation");
    let rows = read.query_all_raw(statement).await?;
    let ids = rows.iter().map(|row| row.try_get("", "campaign_id"));
    Ok(ids.collect::<Result<_, _>>()?)
}

/// Deletes a list, a batch of its entries at a time. The newest one that was compared keeps its row.
async fn delete(context: &Context, list: &Model) -> Result<(), Error> {
    let key = (list.campaign_id, list.id);
    // The row that is kept comes by again with every pass.
    let left = list_store::has_entries(context.db.read(), key).await?;
    for batch in (1..=list.entries / BATCH + 1).filter(|_| left) {
        let deleted = context.db.run_tx("reconciliation.prune_entries", |tx| {
            Box::pin(list_store::delete_entries(tx, key, batch * BATCH))
        });
        deleted.await?;
    }
    let deleted = context.db.run_tx("reconciliation.prune", |tx| {
        Box::pin(async move {
            let of = List {
                campaign: list.campaign_id,
                id: list.id,
                partner: list.partner_id,
                as_of: list.as_of_at,
            };
            let newest = list_store::newest_compared(tx, of).await?;
            let is_newest = newest.is_some_and(|newest| newest.id == list.id);
            if !(is_newest && list.state == State::Compared) {
                list_store::delete(tx, list.campaign_id, list.id).await?;
            }
            Ok::<_, Error>(())
        })
    });
    deleted.await
}

async fn resolved(context: &Context, campaign: CampaignId, before: Timestamp) -> Result<(), Error> {
    let before = ids::first_at(before).into();
    let deleted = context.db.run_tx("reconciliation.prune_resolved", |tx| {
        Box::pin(difference_store::delete_resolved(tx, campaign, before))
    });
    deleted.await
}
