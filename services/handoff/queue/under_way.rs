//! What is under way at a partner, and what it accepted long ago.

use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use crate::db::entities::ClosedSet as _;
use crate::db::entities::handoff::State;
use crate::db::rows;
use crate::handoff::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{HandoffId, PartnerId};

use super::due::QueueKey;
use super::handoff::Handoff;
use super::store;

/// What is held under leases that run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// By one stream or worker.
    pub by_owner: u64,
    /// By all of its partner together.
    pub by_partner: u64,
}

/// Counts what one stream or worker holds, and what all of its partner hold together.
///
/// Each campaign is counted by itself, by the index over its queues: how many rows are under a lease changes faster than the planner learns.
pub async fn held_by(
    db: &impl ConnectionTrait,
    partner: PartnerId,
    owner: &str,
    now: Timestamp,
) -> Result<Held, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        by_owner: i64,
        by_partner: i64,
    }
    let leased = format!(
        "FROM handoff h WHERE h.campaign_id = c.id AND h.partner_id = $1 AND h.state = '{}' AND h.not_before > $2",
        State::Leased.as_str()
    );
    let sql = format!(
        "SELECT (SELECT count(*) {leased}) AS by_partner, (SELECT count(*) {leased} AND h.lease_owner = $3) AS by_owner FROM campaign c"
    );
    let values: [Value; 3] = [partner.into(), now.into(), owner.into()];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let sum = |held: Held, row: Row| Held {
        by_owner: held.by_owner + row.by_owner.unsigned_abs(),
        by_partner: held.by_partner + row.by_partner.unsigned_abs(),
    };
    let rows = Row::find_by_statement(statement).all(db).await?.into_iter();
    Ok(rows.fold(Held::default(), sum))
}

/// Nothing of the handoff changes but when its partner is asked.
const ASK_LATER: &str = "UPDATE handoff SET not_before = $2 FROM v \
    WHERE handoff.campaign_id = $3 AND handoff.id = v.id";

/// Takes the ACCEPTED handoffs of a queue whose outcome is overdue, and sets when each is asked after `next`.
///
/// There is no lease: two workers that ask the same question harm nobody, and the new `not_before` makes it rare.
pub async fn take_overdue(
    tx: &impl ConnectionTrait,
    key: QueueKey,
    (now, next): (Timestamp, Timestamp),
    most: u64,
) -> Result<Vec<Handoff>, Error> {
    let state = State::Accepted;
    let overdue = store::lock_due(tx, key, state, (now, most)).await?;
    let ids: Vec<HandoffId> = overdue.iter().map(|handoff| handoff.id).collect();
    if !ids.is_empty() {
        let rest = [next.into(), key.campaign.into()];
        let statement = rows::bind_ids(tx.get_database_backend(), ASK_LATER, &ids, rest);
        let written = tx.execute_raw(statement).await?;
        store::expect_rows(written.rows_affected(), ids.len())?;
    }
    Ok(overdue)
}
