//! Takes the orders that are to be given again, and queues their handoffs with the next attempt.
//!
//! `enrollment-codes` writes a row of `resubmission` with the change of the coverage; here it is taken away with the change of the
//! handoff, so that it happens once. A handoff that moved on meanwhile, or that is being canceled, stays as it is: `enrollment-codes`
//! applies the outcome of what it became.

use sea_orm::{ConnectionTrait, FromQueryResult, Statement};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::db::entities::handoff::Kind;
use crate::db::entities::resubmission::Model as Resubmission;
use crate::db::{self, Tx, audit};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::queue::audit::about_handoff;
use crate::handoff::queue::handoff::Handoff;
use crate::handoff::queue::state::Event;
use crate::handoff::queue::store::{self, Change};
use crate::kernel::lifecycle;

/// Rows in one transaction.
const BATCH: i64 = 64;

/// Takes what waits until the process drains.
pub async fn run(context: Context, token: CancellationToken) {
    lifecycle::work_off(&token, "resubmissions", || step(&context)).await;
}

/// Takes what waits, at most one batch, and gives the number of rows taken.
pub async fn step(context: &Context) -> Result<usize, Error> {
    if !any(context.db.read()).await? {
        return Ok(0);
    }
    let taken = context.db.run_tx("handoff.resubmit", |tx| {
        Box::pin(async move {
            let taken = take(tx).await?;
            for row in &taken {
                resubmit(tx, context, row).await?;
            }
            Ok::<_, Error>(taken.len())
        })
    });
    let taken = taken.await?;
    context.queue_changed.notify_waiters();
    Ok(taken)
}

async fn any(connection: &impl ConnectionTrait) -> Result<bool, db::Error> {
    const SQL: &str = "SELECT 1 AS one FROM resubmission LIMIT 1";
    let statement = Statement::from_string(connection.get_database_backend(), SQL);
    Ok(connection.query_one_raw(statement).await?.is_some())
}

/// Takes the oldest rows away, in the order of their handoffs so that two instances cannot wait for each other.
async fn take(tx: &Tx<'_>) -> Result<Vec<Resubmission>, db::Error> {
    let sql = format!(
        "DELETE FROM resubmission WHERE (campaign_id, handoff_id) IN \
         (SELECT campaign_id, handoff_id FROM resubmission ORDER BY created_at, handoff_id LIMIT $1) RETURNING {}",
        Resubmission::columns()
    );
    let statement = Statement::from_sql_and_values(tx.backend(), sql, [BATCH.into()]);
    let mut taken = Resubmission::find_by_statement(statement).all(tx).await?;
    taken.sort_by_key(|row| row.handoff_id);
    Ok(taken)
}

async fn resubmit(tx: &Tx<'_>, context: &Context, row: &Resubmission) -> Result<(), Error> {
    let now = context.clock.now();
    let Some(handoff) = store::lock(tx, row.campaign_id, row.handoff_id).await? else {
        return Err(db::Error::corrupt("a resubmission without its handoff").into());
    };
    let (from, actor) = (handoff.state.name(), "service/bureau-handoff");
    let (campaign, coverage) = (handoff.campaign_id, [handoff.coverage_id]);
    let cancels = store::of_coverages(tx, campaign, &coverage, Kind::Cancel).await?;
    let queued = handoff.state.on(Event::Resubmit).ok();
    let Some(state) = queued.filter(|_| cancels.is_empty()) else {
        let detail = json!({ "attempt": row.order_attempt, "state": from });
        let event = about_handoff(context, actor, "handoff.not_resubmitted", &handoff, detail);
        return Ok(audit::record(tx, &[event]).await?);
    };
    let again = Handoff {
        state,
        order_attempt: row.order_attempt,
        ordered_at: now,
        not_before: now,
        trace_context: row.trace_context.clone(),
        native_code: None,
        acknowledged_at: None,
        settled_at: None,
        ..handoff
    };
    store::write(tx, &[Change::of(from, &again)], now).await?;
    let detail = json!({ "attempt": row.order_attempt });
    let event = about_handoff(context, actor, "handoff.resubmitted", &again, detail);
    Ok(audit::record(tx, &[event]).await?)
}
