//! Handoffs that wait for an activation code: they stay QUEUED and are not due for a while.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::db::Tx;
use crate::db::entities::ClosedSet as _;
use crate::db::entities::handoff::{Kind, State};
use crate::handoff::error::Error;
use crate::kernel::clock::Timestamp;

use super::pool_store::PoolKey;

/// The most handoffs in one step, which keeps a transaction short.
const MOST: usize = 5_000;

/// Delays the enrollments of a pool that are due and were never offered, so that the partner's other campaigns come first.
/// None of them has a code: it comes with the first attempt.
pub async fn delay(
    tx: &Tx<'_>,
    key: PoolKey,
    now: Timestamp,
    until: Timestamp,
) -> Result<(), Error> {
    shift(tx, key, "h.not_before <= $3", [now, until], MOST).await
}

/// Makes so many of the enrollments that wait for a code due now.
pub async fn wake(tx: &Tx<'_>, key: PoolKey, now: Timestamp, most: usize) -> Result<(), Error> {
    shift(tx, key, "h.not_before > $3", [now, now], most.min(MOST)).await
}

async fn shift(
    tx: &Tx<'_>,
    key: PoolKey,
    which: &str,
    [now, to]: [Timestamp; 2],
    most: usize,
) -> Result<(), Error> {
    let lock = match tx.get_database_backend() {
        DbBackend::Sqlite => "",
        _ => "FOR UPDATE OF h SKIP LOCKED",
    };
    let (queued, enroll) = (State::Queued.as_str(), Kind::Enroll.as_str());
    let sql = format!(
        "WITH waiting AS MATERIALIZED (SELECT h.campaign_id, h.id FROM handoff h WHERE h.partner_id = $1 \
         AND h.state = '{queued}' AND h.campaign_id = $2 AND {which} AND h.kind = '{enroll}' AND h.attempts = 0 \
         ORDER BY h.not_before, h.id LIMIT $5 {lock}) \
         UPDATE handoff SET not_before = $4 FROM waiting \
         WHERE handoff.campaign_id = waiting.campaign_id AND handoff.id = waiting.id AND handoff.state = '{queued}'"
    );
    let values = [
        key.partner.into(),
        key.campaign.into(),
        now.into(),
        to.into(),
        i64::try_from(most).unwrap_or(i64::MAX).into(),
    ];
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    tx.execute_raw(statement).await?;
    Ok(())
}
