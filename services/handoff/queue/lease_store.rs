//! Leasing: what is due is marked as taken for a while, many rows in one statement.
//!
//! On PostgreSQL the rows are chosen with SKIP LOCKED in a MATERIALIZED CTE, so that two workers take different rows and
//! the planner cannot run the LIMIT twice. SQLite has one writer: there the choice and the update are two statements of one
//! BEGIN IMMEDIATE transaction, because its RETURNING cannot give the values from before.

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, QueryResult, Statement};
use serde::Serialize;
use uuid::Uuid;

use crate::db::Tx;
use crate::db::entities::ClosedSet as _;
use crate::db::entities::handoff::{Entity, Model, State};
use crate::db::rows::{self, Is};
use crate::handoff::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, HandoffId};

use super::due::{QueueKey, Slice, due, values};
use super::handoff::Handoff;
use super::state;
use super::store::{self, expect_rows};

/// Which handoffs of a queue are leased, how many and for how long.
#[derive(Clone, Debug)]
pub struct LeaseOrder {
    /// The queue.
    pub queue: QueueKey,
    /// Which come first.
    pub pick: Pick,
    /// At most so many.
    pub most: u64,
    /// Now.
    pub now: Timestamp,
    /// When the lease ends.
    pub expires_at: Timestamp,
    /// Who leases.
    pub owner: String,
    /// The token that settling needs.
    pub token: Uuid,
}

/// What was tried in vain gets one of so many places while something fresh is due.
const RETRY_SHARE: usize = 4;

/// Gives how many of so many places are for what was tried in vain. Where there are fewer than it takes for one, it gets one in some turns.
pub const fn places_for_retries(most: usize, turn: usize) -> usize {
    (most + turn % RETRY_SHARE) / RETRY_SHARE
}

/// Which handoffs are leased first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// Those that are due for longest. What was tried in vain gets `retries` places, and more only where nothing else is due.
    Oldest {
        /// Places for what was tried in vain.
        retries: u64,
    },
    /// One, which shall tell whether the partner works: the newest that was never tried, for those that came together may have the same
    /// fault; one that failed before only where there is no other.
    Probe,
}

/// A handoff under a lease, and how it stood before.
#[derive(Clone, Debug)]
pub struct Leased {
    /// The handoff as it stands now.
    pub handoff: Handoff,
    /// When it was offered before; set means that the partner may have it.
    pub sent_before: Option<Timestamp>,
}

impl Leased {
    /// Tells whether the order had been offered before, and not only an attempt that it replaces.
    pub fn was_offered(&self) -> bool {
        self.sent_before
            .is_some_and(|at| at >= self.handoff.ordered_at)
    }
}

/// Leases what is due. The rows come in no order.
pub async fn lease(tx: &Tx<'_>, order: &LeaseOrder) -> Result<Vec<Leased>, Error> {
    use Slice::{Fresh, Newest, Tried, Unsettled};
    let all = order.most;
    let parts: Vec<(Slice, u64)> = match order.pick {
        Pick::Probe => [Newest, Tried, Unsettled].map(|slice| (slice, 1)).into(),
        Pick::Oldest { retries } => {
            let retries = retries.min(all);
            vec![
                (Unsettled, retries),
                (Tried, retries),
                (Fresh, all),
                (Unsettled, all),
                (Tried, all),
            ]
        }
    };
    let mut leased = Vec::new();
    for (slice, until) in parts {
        let most = until.saturating_sub(leased.len() as u64);
        if most > 0 {
            let found = match tx.get_database_backend() {
                DbBackend::Sqlite => on_sqlite(tx, order, slice, most).await?,
                _ => on_postgres(tx, order, slice, most).await?,
            };
            leased.extend(found);
        }
    }
    Ok(leased)
}

/// Locks handoffs of a queue whose lease has run out, at most so many.
pub async fn expired(
    tx: &Tx<'_>,
    queue: QueueKey,
    now: Timestamp,
    most: u64,
) -> Result<Vec<Handoff>, Error> {
    store::lock_due(tx, queue, State::Leased, (now, most)).await
}

/// Gives what this lease's token holds already: a commit that was not confirmed may have happened.
pub async fn held(tx: &Tx<'_>, order: &LeaseOrder) -> Result<Vec<Leased>, Error> {
    let sql = format!(
        "SELECT {} FROM handoff h WHERE campaign_id = $1 AND partner_id = $2 AND state = $3 AND not_before = $4 AND lease_token = $5",
        rows::columns::<Entity>("h"),
    );
    let values = [
        order.queue.campaign.into(),
        order.queue.partner.into(),
        State::Leased.as_str().into(),
        order.expires_at.into(),
        order.token.into(),
    ];
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    let rows = tx.query_all_raw(statement).await?;
    let leased = rows.iter().map(|row| {
        // The state before is lost with the answer; "it may have been sent" is the safe guess.
        let handoff = handoff_of(row)?;
        Ok(Leased {
            sent_before: handoff.sent_at,
            handoff,
        })
    });
    leased.collect()
}

async fn on_postgres(
    tx: &Tx<'_>,
    order: &LeaseOrder,
    slice: Slice,
    most: u64,
) -> Result<Vec<Leased>, Error> {
    let sql = format!(
        "WITH due AS MATERIALIZED (SELECT h.campaign_id, h.id, h.sent_at AS sent_before {} \
         FOR UPDATE OF h SKIP LOCKED) \
         UPDATE handoff SET state = '{}', attempts = attempts + 1, sent_at = $4, updated_at = $4, not_before = $6, \
         lease_expires_at = $6, lease_owner = $7, lease_token = $8 \
         FROM due WHERE handoff.campaign_id = due.campaign_id AND handoff.id = due.id \
         RETURNING {}, due.sent_before",
        due(slice),
        State::Leased.as_str(),
        rows::columns::<Entity>("handoff"),
    );
    let mut values = values(order.queue, slice.state(), (order.now, most));
    values.extend([
        order.expires_at.into(),
        order.owner.clone().into(),
        order.token.into(),
    ]);
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
    let rows = tx.query_all_raw(statement).await?;
    let leased = rows.iter().map(|row| {
        Ok(Leased {
            handoff: handoff_of(row)?,
            sent_before: row.try_get("", "sent_before")?,
        })
    });
    leased.collect()
}

async fn on_sqlite(
    tx: &Tx<'_>,
    order: &LeaseOrder,
    slice: Slice,
    most: u64,
) -> Result<Vec<Leased>, Error> {
    let values = values(order.queue, slice.state(), (order.now, most));
    let sql = format!("SELECT {} {}", rows::columns::<Entity>("h"), due(slice));
    let statement = Statement::from_sql_and_values(DbBackend::Sqlite, sql, values);
    let rows = tx.query_all_raw(statement).await?;
    let found = rows.iter().map(handoff_of).collect::<Result<Vec<_>, _>>()?;
    mark(tx, order, &found).await?;
    let leased = found.into_iter().map(|handoff| now_leased(handoff, order));
    Ok(leased.collect())
}

/// The key of a handoff that is marked.
#[derive(Serialize)]
struct Key {
    campaign_id: CampaignId,
    id: HandoffId,
}

const KEY: [(&str, Is); 2] = [("campaign_id", Is::Uuid), ("id", Is::Uuid)];

async fn mark(tx: &Tx<'_>, order: &LeaseOrder, found: &[Handoff]) -> Result<(), Error> {
    if found.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "WITH {} UPDATE handoff SET state = '{}', attempts = attempts + 1, sent_at = $2, updated_at = $2, not_before = $3, \
         lease_expires_at = $3, lease_owner = $4, lease_token = $5 \
         FROM v WHERE handoff.campaign_id = v.campaign_id AND handoff.id = v.id",
        rows::table(DbBackend::Sqlite, &KEY),
        State::Leased.as_str(),
    );
    let keys = found.iter().map(|handoff| Key {
        campaign_id: handoff.campaign_id,
        id: handoff.id,
    });
    let keys: Vec<Key> = keys.collect();
    let rest = [
        order.now.into(),
        order.expires_at.into(),
        order.owner.clone().into(),
        order.token.into(),
    ];
    let statement = rows::bind_with(DbBackend::Sqlite, sql, &keys, rest);
    let changed = tx.execute_raw(statement).await?.rows_affected();
    Ok(expect_rows(changed, found.len())?)
}

fn now_leased(found: Handoff, order: &LeaseOrder) -> Leased {
    Leased {
        sent_before: found.sent_at,
        handoff: Handoff {
            state: state::State::Leased,
            attempts: found.attempts + 1,
            not_before: order.expires_at,
            lease_token: Some(order.token),
            sent_at: Some(order.now),
            updated_at: order.now,
            ..found
        },
    }
}

fn handoff_of(row: &QueryResult) -> Result<Handoff, Error> {
    Ok(Model::from_query_result(row, "")?.try_into()?)
}
