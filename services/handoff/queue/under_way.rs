//! What is under way at a partner, and what it accepted long ago.

use sea_orm::{ConnectionTrait, Statement, Value};

use crate::db::entities::ClosedSet as _;
use crate::db::entities::handoff::State;
use crate::db::rows;
use crate::handoff::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{HandoffId, PartnerId};

use super::due::QueueKey;
use super::handoff::Handoff;
use super::store;

/// Counts what a partner's leases that run hold, by one stream or worker or by all together.
///
/// Each campaign is counted by itself, by the index over its queues: how many rows are under a lease changes faster than the planner learns.
pub async fn held(
    db: &impl ConnectionTrait,
    partner: PartnerId,
    owner: Option<&str>,
    now: Timestamp,
) -> Result<u64, Error> {
    let of_owner = owner.map_or("", |_| "AND h.lease_owner = $3");
    let sql = format!(
        "SELECT (SELECT count(*) FROM handoff h WHERE h.campaign_id = c.id AND h.partner_id = $1 AND h.state = '{}' \
         AND h.not_before > $2 {of_owner}) AS held FROM campaign c",
        State::Leased.as_str()
    );
    let values: [Value; 2] = [partner.into(), now.into()];
    let values = values.into_iter().chain(owner.map(Value::from));
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let mut held = 0;
    for row in db.query_all_raw(statement).await? {
        held += row.try_get::<i64>("", "held")?.unsigned_abs();
    }
    Ok(held)
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
