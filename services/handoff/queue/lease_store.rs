//! Leasing: what is due is marked as taken for a while, many rows in one statement.
//!
//! On PostgreSQL the rows are chosen with SKIP LOCKED in a MATERIALIZED CTE, so that two workers take different rows and
//! the planner cannot run the LIMIT twice. SQLite has one writer: there the choice and the update are two statements of one
//! BEGIN IMMEDIATE transaction, because its RETURNING cannot give the values from before.

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, QueryResult, Statement, Value};
use serde::Serialize;
use uuid::Uuid;

use crate::db::Tx;
use crate::db::entities;
use crate::db::entities::ClosedSet as _;
use crate::db::entities::handoff::{Kind, Model, State};
use crate::db::rows::{self, Is};
use crate::handoff::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, HandoffId, PartnerId};

use super::handoff::Handoff;
use super::state;
use super::store::expect_rows;

/// Whose handoffs are leased, how many and for how long.
#[derive(Clone, Debug)]
pub struct LeaseOrder {
    /// The partner.
    pub partner: PartnerId,
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

/// A handoff under a lease, and how it stood before.
#[derive(Clone, Debug)]
pub struct Leased {
    /// The handoff as it stands now.
    pub handoff: Handoff,
    /// The state before.
    pub before: State,
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

/// What is leased, in this order: expired leases, what must be asked after, what waits.
const ORDER: [State; 3] = [State::Leased, State::Unsettled, State::Queued];

/// Writes the query of what is due.
///
/// A CANCEL waits until its ENROLL is known by the partner or given up on. The ENROLL of a person who withdrew and enrolls
/// again waits until the withdrawals of that person's other enrollments are through: the partner would refuse it as a double,
/// and then withdraw the only enrollment there is. An ENROLL that is withdrawn itself waits for none of them, so no two ever
/// wait for each other, whatever was made first and whatever a clock said then.
///
/// Each is looked up by itself: for a NOT EXISTS the planner may read the whole table into a hash instead.
fn due() -> String {
    let [enroll, cancel] = [Kind::Enroll, Kind::Cancel].map(Kind::as_str);
    let [queued, leased, unsettled, accepted] = [
        State::Queued,
        State::Leased,
        State::Unsettled,
        State::Accepted,
    ]
    .map(State::as_str);
    format!(
        "FROM handoff h WHERE h.partner_id = $1 AND h.state = $2 AND h.not_before <= $3 \
         AND (h.kind <> '{cancel}' OR (SELECT 1 FROM handoff e \
           WHERE e.campaign_id = h.campaign_id AND e.coverage_id = h.coverage_id AND e.kind = '{enroll}' AND e.state IN ('{queued}', '{leased}', '{unsettled}') LIMIT 1) IS NULL) \
         AND (h.kind <> '{enroll}' OR (SELECT 1 FROM handoff c \
           WHERE c.campaign_id = h.campaign_id AND c.individual_id = h.individual_id AND c.partner_id = h.partner_id \
           AND c.enrollment_id <> h.enrollment_id \
           AND c.kind = '{cancel}' AND c.state IN ('{queued}', '{leased}', '{unsettled}', '{accepted}') LIMIT 1) IS NULL \
          OR (SELECT 1 FROM handoff w \
           WHERE w.campaign_id = h.campaign_id AND w.coverage_id = h.coverage_id AND w.kind = '{cancel}' LIMIT 1) IS NOT NULL) \
         ORDER BY h.not_before, h.id LIMIT $4"
    )
}

/// Leases what is due. The rows come in no order.
pub async fn lease(tx: &Tx<'_>, order: &LeaseOrder) -> Result<Vec<Leased>, Error> {
    let mut leased = Vec::new();
    for state in ORDER {
        let most = order.most.saturating_sub(leased.len() as u64);
        if most == 0 {
            break;
        }
        let found = match tx.get_database_backend() {
            DbBackend::Sqlite => on_sqlite(tx, order, state, most).await?,
            _ => on_postgres(tx, order, state, most).await?,
        };
        leased.extend(found);
    }
    Ok(leased)
}

/// Gives what this lease's token holds already: a commit that was not confirmed may have happened.
pub async fn held(tx: &Tx<'_>, order: &LeaseOrder) -> Result<Vec<Leased>, Error> {
    let sql = format!(
        "SELECT {} FROM handoff h WHERE partner_id = $1 AND not_before = $2 AND lease_token = $3 AND state = $4",
        rows::columns::<entities::handoff::Entity>("h"),
    );
    let values = [
        order.partner.into(),
        order.expires_at.into(),
        order.token.into(),
        State::Leased.as_str().into(),
    ];
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    let rows = tx.query_all_raw(statement).await?;
    let leased = rows.iter().map(|row| {
        // The state before is lost with the answer; "it may have been sent" is the safe guess.
        let handoff = handoff_of(row)?;
        Ok(Leased {
            before: State::Leased,
            sent_before: handoff.sent_at,
            handoff,
        })
    });
    leased.collect()
}

fn due_values(order: &LeaseOrder, state: State, most: u64) -> Vec<Value> {
    vec![
        order.partner.into(),
        state.as_str().into(),
        order.now.into(),
        i64::try_from(most).unwrap_or(i64::MAX).into(),
    ]
}

async fn on_postgres(
    tx: &Tx<'_>,
    order: &LeaseOrder,
    before: State,
    most: u64,
) -> Result<Vec<Leased>, Error> {
    let sql = format!(
        "WITH due AS MATERIALIZED (SELECT h.campaign_id, h.id, h.sent_at AS sent_before {} \
         FOR UPDATE OF h SKIP LOCKED) \
         UPDATE handoff SET state = '{}', attempts = attempts + 1, sent_at = $3, updated_at = $3, not_before = $5, \
         lease_expires_at = $5, lease_owner = $6, lease_token = $7 \
         FROM due WHERE handoff.campaign_id = due.campaign_id AND handoff.id = due.id \
         RETURNING {}, due.sent_before",
        due(),
        State::Leased.as_str(),
        rows::columns::<entities::handoff::Entity>("handoff"),
    );
    let mut values = due_values(order, before, most);
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
            before,
            sent_before: row.try_get("", "sent_before")?,
        })
    });
    leased.collect()
}

async fn on_sqlite(
    tx: &Tx<'_>,
    order: &LeaseOrder,
    before: State,
    most: u64,
) -> Result<Vec<Leased>, Error> {
    let values = due_values(order, before, most);
    let sql = format!(
        "SELECT {} {}",
        rows::columns::<entities::handoff::Entity>("h"),
        due()
    );
    let statement = Statement::from_sql_and_values(DbBackend::Sqlite, sql, values);
    let rows = tx.query_all_raw(statement).await?;
    let found = rows.iter().map(handoff_of).collect::<Result<Vec<_>, _>>()?;
    mark(tx, order, &found).await?;
    let leased = found
        .into_iter()
        .map(|handoff| now_leased(handoff, order, before));
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

fn now_leased(found: Handoff, order: &LeaseOrder, before: State) -> Leased {
    Leased {
        before,
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

/// Tells whether anything is due, without writing.
pub async fn is_due(
    db: &impl ConnectionTrait,
    partner: PartnerId,
    now: Timestamp,
) -> Result<bool, Error> {
    let sql = format!("SELECT 1 AS one {}", due());
    for state in ORDER {
        let values = [
            partner.into(),
            state.as_str().into(),
            now.into(),
            1_i64.into(),
        ];
        let statement = Statement::from_sql_and_values(db.get_database_backend(), &sql, values);
        if db.query_one_raw(statement).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
