//! Leasing: what is due is marked as ours for a while, many rows in one statement.
//!
//! On PostgreSQL the rows are chosen with SKIP LOCKED in a MATERIALIZED CTE, so that two workers take different rows and
//! the planner cannot run the LIMIT twice. SQLite has one writer: there the choice and the update are two statements of one
//! BEGIN IMMEDIATE transaction, because its RETURNING cannot give the values from before.

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, QueryResult, Statement, Value};
use uuid::Uuid;

use crate::db::Tx;
use crate::db::entities::handoff;
use crate::handoff::error::Error;
use crate::handoff::store::pieces;
use crate::handoff::vocabulary::Stage;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::PartnerId;

use super::model::Handoff;

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
    pub before: Stage,
    /// When it was offered before; set means that the partner may have it.
    pub sent_before: Option<Timestamp>,
}

/// What is leased, in this order: what someone dropped, what must be asked after, what waits.
const ORDER: [Stage; 3] = [Stage::Leased, Stage::Unsettled, Stage::Queued];

/// A CANCEL waits for its ENROLL to be known by the partner or given up on. The ENROLL of somebody who left and came back
/// waits for the earlier withdrawals of that person to be through: the partner would refuse it as a double, and then withdraw
/// the only enrollment there is. Earlier is by id, so that no two ever wait for each other.
///
/// Each is looked up by itself: for a NOT EXISTS the planner may read the whole table into a hash instead.
const DUE: &str = "FROM handoff h WHERE h.partner_id = $1 AND h.state = $2 AND h.not_before <= $3 \
     AND (h.kind <> 'CANCEL' OR (SELECT 1 FROM handoff e \
       WHERE e.campaign_id = h.campaign_id AND e.enrollment_id = h.enrollment_id AND e.partner_id = h.partner_id \
       AND e.kind = 'ENROLL' AND e.state IN ('QUEUED', 'LEASED', 'UNSETTLED') LIMIT 1) IS NULL) \
     AND (h.kind <> 'ENROLL' OR (SELECT 1 FROM handoff c \
       WHERE c.campaign_id = h.campaign_id AND c.individual_id = h.individual_id AND c.partner_id = h.partner_id \
       AND c.enrollment_id <> h.enrollment_id AND c.id < h.id \
       AND c.kind = 'CANCEL' AND c.state IN ('QUEUED', 'LEASED', 'UNSETTLED', 'ACCEPTED') LIMIT 1) IS NULL) \
     ORDER BY h.not_before, h.id LIMIT $4";

/// Leases what is due. The rows come in no order.
pub async fn lease(tx: &Tx<'_>, order: &LeaseOrder) -> Result<Vec<Leased>, Error> {
    let mut leased = Vec::new();
    for stage in ORDER {
        let most = order.most.saturating_sub(leased.len() as u64);
        if most == 0 {
            break;
        }
        let found = match tx.get_database_backend() {
            DbBackend::Sqlite => on_sqlite(tx, order, stage, most).await?,
            _ => on_postgres(tx, order, stage, most).await?,
        };
        leased.extend(found);
    }
    Ok(leased)
}

/// Gives what this lease's token holds already: a commit that was not confirmed may have happened.
pub async fn held(tx: &Tx<'_>, order: &LeaseOrder) -> Result<Vec<Leased>, Error> {
    let sql = "SELECT * FROM handoff WHERE partner_id = $1 AND state = 'LEASED' AND not_before = $2 AND lease_token = $3";
    let values = [
        order.partner.into(),
        order.expires_at.into(),
        order.token.into(),
    ];
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    let rows = tx.query_all_raw(statement).await?;
    let mut leased = Vec::with_capacity(rows.len());
    for row in rows {
        // How it stood before is lost with the answer; "it may have been sent" is the safe guess.
        let handoff = handoff_of(&row)?;
        let sent_before = handoff.sent_at;
        leased.push(Leased {
            handoff,
            before: Stage::Leased,
            sent_before,
        });
    }
    Ok(leased)
}

fn due_values(order: &LeaseOrder, stage: Stage, most: u64) -> Vec<Value> {
    vec![
        order.partner.into(),
        stage.as_str().into(),
        order.now.into(),
        i64::try_from(most).unwrap_or(i64::MAX).into(),
    ]
}

async fn on_postgres(
    tx: &Tx<'_>,
    order: &LeaseOrder,
    stage: Stage,
    most: u64,
) -> Result<Vec<Leased>, Error> {
    let sql = format!(
        "WITH due AS MATERIALIZED (SELECT h.campaign_id, h.id, h.sent_at AS sent_before {DUE} \
         FOR UPDATE OF h SKIP LOCKED) \
         UPDATE handoff SET state = 'LEASED', attempts = attempts + 1, sent_at = $3, not_before = $5, \
         lease_expires_at = $5, lease_owner = $6, lease_token = $7 \
         FROM due WHERE handoff.campaign_id = due.campaign_id AND handoff.id = due.id \
         RETURNING handoff.*, due.sent_before"
    );
    let mut values = due_values(order, stage, most);
    values.extend([
        order.expires_at.into(),
        order.owner.clone().into(),
        order.token.into(),
    ]);
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
    let rows = tx.query_all_raw(statement).await?;
    rows.iter()
        .map(|row| {
            Ok(Leased {
                handoff: handoff_of(row)?,
                before: stage,
                sent_before: row.try_get("", "sent_before")?,
            })
        })
        .collect()
}

async fn on_sqlite(
    tx: &Tx<'_>,
    order: &LeaseOrder,
    stage: Stage,
    most: u64,
) -> Result<Vec<Leased>, Error> {
    let values = due_values(order, stage, most);
    let sql = format!("SELECT h.* {DUE}");
    let statement = Statement::from_sql_and_values(DbBackend::Sqlite, sql, values);
    let rows = tx.query_all_raw(statement).await?;
    let mut before = rows.iter().map(handoff_of).collect::<Result<Vec<_>, _>>()?;
    for piece in pieces(&before) {
        mark(tx, order, piece).await?;
    }
    Ok(before
        .drain(..)
        .map(|handoff| now_leased(handoff, order, stage))
        .collect())
}

async fn mark(tx: &Tx<'_>, order: &LeaseOrder, piece: &[Handoff]) -> Result<(), Error> {
    let sql = format!(
        "WITH due(campaign_id, id) AS (VALUES {}) \
         UPDATE handoff SET state = 'LEASED', attempts = attempts + 1, sent_at = ?{now}, not_before = ?{ends}, \
         lease_expires_at = ?{ends}, lease_owner = ?{owner}, lease_token = ?{token} \
         FROM due WHERE handoff.campaign_id = due.campaign_id AND handoff.id = due.id",
        crate::handoff::store::value_rows(piece.len(), 2).replace('$', "?"),
        now = piece.len() * 2 + 1,
        ends = piece.len() * 2 + 2,
        owner = piece.len() * 2 + 3,
        token = piece.len() * 2 + 4,
    );
    let mut values: Vec<Value> = Vec::with_capacity(piece.len() * 2 + 4);
    for handoff in piece {
        values.extend([handoff.campaign_id.into(), handoff.id.into()]);
    }
    values.extend([
        order.now.into(),
        order.expires_at.into(),
        order.owner.clone().into(),
        order.token.into(),
    ]);
    let statement = Statement::from_sql_and_values(DbBackend::Sqlite, sql, values);
    let changed = tx.execute_raw(statement).await?.rows_affected();
    super::store::expect_rows(changed, piece.len())
}

fn now_leased(before: Handoff, order: &LeaseOrder, stage: Stage) -> Leased {
    let sent_before = before.sent_at;
    let handoff = Handoff {
        state: super::state::State::Leased {
            expires_at: order.expires_at,
        },
        attempts: before.attempts + 1,
        not_before: order.expires_at,
        lease_token: Some(order.token),
        sent_at: Some(order.now),
        ..before
    };
    Leased {
        handoff,
        before: stage,
        sent_before,
    }
}

fn handoff_of(row: &QueryResult) -> Result<Handoff, Error> {
    handoff::Model::from_query_result(row, "")?.try_into()
}

/// Tells whether anything is due, without writing.
pub async fn is_due(
    db: &impl ConnectionTrait,
    partner: PartnerId,
    now: Timestamp,
) -> Result<bool, Error> {
    for stage in ORDER {
        let values = [
            partner.into(),
            stage.as_str().into(),
            now.into(),
            1_i64.into(),
        ];
        let sql = format!("SELECT 1 AS one {DUE}");
        let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
        if db.query_one_raw(statement).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
