//! Deletes attempts of long ago, where the settings say so.
//!
//! Only those of handoffs that wait for nobody: whoever looks at one that is under way or was given up on wants to see why.

use std::time::Duration;

use sea_orm::{ConnectionTrait, FromQueryResult, Statement};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::db::rows::{self, Is};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{self, CampaignId, HandoffId};
use crate::kernel::lifecycle;

/// How often it is done.
const EVERY: Duration = Duration::from_mins(10);
/// Attempts in one transaction.
const BATCH: i64 = 1_000;

/// Deletes until the process drains.
pub async fn run(context: Context, token: CancellationToken) {
    if context.rules.attempt_retention.is_zero() {
        return;
    }
    loop {
        if let Err(error) = prune(&context).await {
            tracing::warn!(%error, "old attempts could not be deleted; it is tried again later");
        }
        if !lifecycle::pause(&token, EVERY).await {
            return;
        }
    }
}

/// Deletes once, campaign by campaign. Does nothing where attempts are kept for ever.
pub async fn prune(context: &Context) -> Result<(), Error> {
    let kept = context.rules.attempt_retention;
    if kept.is_zero() {
        return Ok(());
    }
    let before = context.clock.now() - kept;
    for campaign in campaigns(context).await? {
        while batch(context, campaign, before).await? >= BATCH.unsigned_abs() {}
    }
    Ok(())
}

async fn campaigns(context: &Context) -> Result<Vec<CampaignId>, Error> {
    let read = context.db.read();
    let backend = read.get_database_backend();
    let statement = Statement::from_string(backend, "SELECT id FROM campaign");
    let rows = read.query_all_raw(statement).await?;
    let ids = rows.iter().map(|row| row.try_get("", "id"));
    Ok(ids.collect::<Result<_, _>>()?)
}

/// Deletes at most one batch. The ids of handoffs begin with the time at which they were made, so those that are too young are
/// not looked at.
async fn batch(context: &Context, campaign: CampaignId, before: Timestamp) -> Result<u64, Error> {
    const OLD: &str = "SELECT a.campaign_id, a.handoff_id, a.attempt FROM handoff_attempt a \
         JOIN handoff h ON h.campaign_id = a.campaign_id AND h.id = a.handoff_id \
         WHERE a.campaign_id = $1 AND a.handoff_id < $2 AND a.started_at < $3 \
         AND h.state NOT IN ('QUEUED', 'LEASED', 'UNSETTLED', 'ACCEPTED', 'DEAD') ORDER BY a.handoff_id, a.attempt LIMIT $4";
    let read = context.db.read();
    let backend = read.get_database_backend();
    let values = [
        campaign.into(),
        ids::first_at(before).into(),
        before.into(),
        BATCH.into(),
    ];
    let statement = Statement::from_sql_and_values(backend, OLD, values);
    let old = Key::find_by_statement(statement).all(read).await?;
    if old.is_empty() {
        return Ok(0);
    }
    let old = &old;
    let deleted = context.db.run_tx("handoff.prune_attempts", |tx| {
        Box::pin(async move {
            let sql = format!(
                "WITH {} DELETE FROM handoff_attempt WHERE (campaign_id, handoff_id, attempt) IN \
                 (SELECT campaign_id, handoff_id, attempt FROM v)",
                rows::table(tx.backend(), &KEY)
            );
            tx.execute_raw(rows::bind(tx.backend(), sql, old)).await?;
            Ok::<_, Error>(())
        })
    });
    deleted.await?;
    Ok(old.len() as u64)
}

/// Names an attempt.
#[derive(FromQueryResult, Serialize)]
struct Key {
    campaign_id: CampaignId,
    handoff_id: HandoffId,
    attempt: i32,
}

const KEY: [(&str, Is); 3] = [
    ("campaign_id", Is::Uuid),
    ("handoff_id", Is::Uuid),
    ("attempt", Is::Int),
];
