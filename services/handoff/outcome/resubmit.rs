//! Takes the orders that are to be given again, and queues their handoffs with the next attempt.
//!
//! `enrollment-codes` writes a row of `resubmission` with the change of the coverage; here it is taken away with the change of the
//! handoff, so that it happens once. A handoff that moved on meanwhile, or that is being canceled, stays as it is: `enrollment-codes`
//! applies the outcome of what it became. A row that cannot be taken, because its handoff cannot be read, is set aside for an operator,
//! and the rest goes on.
//!
//! The row of an update of a person says that the data have changed since. It waits while the update is under a lease, whose holder may be
//! sending the older data: two orders of one person are never on their way at once. What is leased later reads the newer data by itself.

use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::db::audit::Event as AuditEvent;
use crate::db::entities::ClosedSet as _;
use crate::db::entities::handoff::{self, DeadReason, Kind};
use crate::db::entities::resubmission::Model as Resubmission;
use crate::db::{self, Storage as _, Tx, audit};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::metrics;
use crate::handoff::queue::audit::about_handoff;
use crate::handoff::queue::handoff::Handoff;
use crate::handoff::queue::replay::anew;
use crate::handoff::queue::state::{Event, State};
use crate::handoff::queue::store::{self, Change};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, HandoffId};
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
    let taken = match take_and_queue(context, Take::Oldest).await {
        Err(error) if cannot_be_taken(&error) => one_by_one(context).await?,
        result => result?,
    };
    context.queue_changed.notify_waiters();
    Ok(taken)
}

/// Which rows are taken.
#[derive(Clone, Copy, Debug)]
enum Take {
    /// A batch of those that came first.
    Oldest,
    /// This one, if it is still there.
    This(Key),
}

/// Names a row.
#[derive(Clone, Copy, Debug, FromQueryResult)]
struct Key {
    campaign_id: CampaignId,
    handoff_id: HandoffId,
}

async fn take_and_queue(context: &Context, which: Take) -> Result<usize, Error> {
    let taken = context.db.run_tx("handoff.resubmit", |tx| {
        Box::pin(async move {
            let taken = take(tx, which).await?;
            for row in &taken {
                resubmit(tx, context, row).await?;
            }
            Ok::<_, Error>(taken.len())
        })
    });
    taken.await
}

/// Takes each row of a batch by itself, because one of them cannot be taken, and sets that one aside.
async fn one_by_one(context: &Context) -> Result<usize, Error> {
    let waiting = waiting(context.db.read()).await?;
    for key in &waiting {
        match take_and_queue(context, Take::This(*key)).await {
            Err(error) if cannot_be_taken(&error) => {
                set_aside(context, *key, &error.to_string()).await?;
            }
            result => drop(result?),
        }
    }
    Ok(waiting.len())
}

/// Tells whether a row is at fault, and not the moment.
fn cannot_be_taken(error: &Error) -> bool {
    error.storage().is_some_and(db::Error::is_of_the_data)
}

async fn set_aside(context: &Context, key: Key, why: &str) -> Result<(), Error> {
    let event = AuditEvent {
        id: context.ids.next(),
        campaign_id: Some(key.campaign_id),
        at: context.clock.now(),
        actor: "service/bureau-handoff".to_owned(),
        action: "resubmission.set_aside",
        subject_kind: "handoff",
        subject_id: Some(key.handoff_id.as_uuid()),
        detail: json!({ "why": why }),
    };
    let event = std::slice::from_ref(&event);
    let marked = context.db.run_tx("handoff.set_aside", |tx| {
        Box::pin(async move {
            let marked = mark(tx, key, (why, event[0].at)).await?;
            if marked {
                audit::record(tx, event).await?;
            }
            Ok::<_, Error>(marked)
        })
    });
    if marked.await? {
        metrics::resubmission_set_aside();
        let Key {
            campaign_id,
            handoff_id,
        } = key;
        tracing::error!(%campaign_id, %handoff_id, why, "an order that is to be given again was set aside: see `redress enrollment set-aside`");
    }
    Ok(())
}

/// Writes the condition for the rows `r` that can be taken now.
fn can_be_taken() -> String {
    format!(
        "r.set_aside_at IS NULL AND (SELECT 1 FROM handoff h WHERE h.campaign_id = r.campaign_id AND h.id = r.handoff_id \
         AND h.kind = '{}' AND h.state = '{}' LIMIT 1) IS NULL",
        Kind::UpdatePerson.as_str(),
        handoff::State::Leased.as_str(),
    )
}

async fn any(connection: &impl ConnectionTrait) -> Result<bool, db::Error> {
    let sql = format!(
        "SELECT 1 AS one FROM resubmission r WHERE {} LIMIT 1",
        can_be_taken()
    );
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    Ok(connection.query_one_raw(statement).await?.is_some())
}

/// Writes the query of a batch of those that came first.
fn oldest() -> String {
    format!(
        "SELECT r.campaign_id, r.handoff_id FROM resubmission r WHERE {} ORDER BY r.created_at, r.handoff_id LIMIT $1",
        can_be_taken()
    )
}

async fn waiting(connection: &impl ConnectionTrait) -> Result<Vec<Key>, db::Error> {
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, oldest(), [BATCH.into()]);
    Ok(Key::find_by_statement(statement).all(connection).await?)
}

/// Marks a row, and tells whether it was this instance that did.
async fn mark(tx: &Tx<'_>, key: Key, (why, now): (&str, Timestamp)) -> Result<bool, db::Error> {
    const SQL: &str = "UPDATE resubmission SET set_aside_at = $3, set_aside_reason = $4 \
         WHERE campaign_id = $1 AND handoff_id = $2 AND set_aside_at IS NULL";
    let Key {
        campaign_id,
        handoff_id,
    } = key;
    let values = [
        campaign_id.into(),
        handoff_id.into(),
        now.into(),
        why.into(),
    ];
    let statement = Statement::from_sql_and_values(tx.backend(), SQL, values);
    Ok(tx.execute_raw(statement).await?.rows_affected() == 1)
}

/// Takes rows away, in the order of their handoffs so that two instances cannot wait for each other.
async fn take(tx: &Tx<'_>, which: Take) -> Result<Vec<Resubmission>, db::Error> {
    let (condition, values): (_, Vec<Value>) = match which {
        Take::Oldest => (
            format!("(campaign_id, handoff_id) IN ({})", oldest()),
            vec![BATCH.into()],
        ),
        Take::This(key) => (
            "campaign_id = $1 AND handoff_id = $2 AND set_aside_at IS NULL".to_owned(),
            vec![key.campaign_id.into(), key.handoff_id.into()],
        ),
    };
    let columns = Resubmission::columns();
    let sql = format!("DELETE FROM resubmission WHERE {condition} RETURNING {columns}");
    let statement = Statement::from_sql_and_values(tx.backend(), sql, values);
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
    let queued = ordered_again(&handoff).filter(|_| cancels.is_empty());
    let Some(state) = queued else {
        let detail = json!({ "attempt": row.order_attempt, "state": from });
        let event = about_handoff(context, actor, "handoff.not_resubmitted", &handoff, detail);
        return Ok(audit::record(tx, &[event]).await?);
    };
    let handoff = match handoff.state {
        State::Dead(DeadReason::PartnerForgot) => anew(handoff),
        _ => handoff,
    };
    let order_attempt = match handoff.kind {
        // An operator may have had it ordered again, too.
        Kind::UpdatePerson => handoff.order_attempt + 1,
        _ => row.order_attempt,
    };
    let again = Handoff {
        state,
        order_attempt,
        ordered_at: now,
        not_before: now,
        trace_context: row.trace_context.clone(),
        native_code: None,
        acknowledged_at: None,
        settled_at: None,
        tries: 0,
        failures: 0,
        ..handoff
    };
    store::write(tx, &[Change::of(from, &again)], now).await?;
    let detail = json!({ "attempt": order_attempt });
    let event = about_handoff(context, actor, "handoff.resubmitted", &again, detail);
    Ok(audit::record(tx, &[event]).await?)
}

/// Gives the state of a handoff that is ordered again; none where it stays as it is. An update of a person that was not offered yet, or was
/// leased since the row was seen, takes the newest data by itself.
fn ordered_again(handoff: &Handoff) -> Option<State> {
    let event = match handoff.kind {
        Kind::UpdatePerson if handoff.state == State::Queued && !handoff.is_offered() => {
            return None;
        }
        Kind::UpdatePerson => Event::Renew,
        Kind::Enroll | Kind::Cancel | Kind::Extend | Kind::Restore => Event::Resubmit,
    };
    handoff.state.on(event).ok()
}
