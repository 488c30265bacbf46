//! Handoffs that wait for an activation code: they stay QUEUED and are not due for a while.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, Statement};

use crate::db::Tx;
use crate::db::entities::handoff::{Column, Entity};
use crate::handoff::error::Error;
use crate::handoff::store::pieces;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, HandoffId};

use super::store::Key;

/// The most handoffs in one step, which keeps a transaction short.
const MOST: usize = 5_000;

/// Takes back the attempts of handoffs that were not sent after all.
pub async fn uncount(
    tx: &Tx<'_>,
    campaign: CampaignId,
    handoffs: &[HandoffId],
) -> Result<(), Error> {
    for piece in pieces(handoffs) {
        Entity::update_many()
            .col_expr(Column::Attempts, Expr::cust("attempts - 1"))
            .filter(Column::CampaignId.eq(campaign))
            .filter(Column::Id.is_in(piece.iter().copied()))
            .filter(Column::Attempts.gt(0))
            .exec(tx)
            .await?;
    }
    Ok(())
}

/// Lets the enrollments of a pool that are due and were never offered wait, so that they do not stand in the way of the
/// partner's other campaigns. None of them has a code: it comes with the first attempt.
pub async fn wait(tx: &Tx<'_>, key: Key, now: Timestamp, until: Timestamp) -> Result<(), Error> {
    shift(tx, key, "h.not_before <= $3", [now, until], MOST).await
}

/// Lets so many of the enrollments that wait for a code be due now.
pub async fn wake(tx: &Tx<'_>, key: Key, now: Timestamp, most: usize) -> Result<(), Error> {
    shift(tx, key, "h.not_before > $3", [now, now], most.min(MOST)).await
}

async fn shift(
    tx: &Tx<'_>,
    key: Key,
    which: &str,
    [now, to]: [Timestamp; 2],
    most: usize,
) -> Result<(), Error> {
    let lock = match tx.get_database_backend() {
        DbBackend::Sqlite => "",
        _ => "FOR UPDATE OF h SKIP LOCKED",
    };
    let sql = format!(
        "WITH waiting AS MATERIALIZED (SELECT h.campaign_id, h.id FROM handoff h WHERE h.partner_id = $1 \
         AND h.state = 'QUEUED' AND h.campaign_id = $2 AND {which} AND h.kind = 'ENROLL' AND h.attempts = 0 \
         ORDER BY h.not_before, h.id LIMIT $5 {lock}) \
         UPDATE handoff SET not_before = $4 FROM waiting \
         WHERE handoff.campaign_id = waiting.campaign_id AND handoff.id = waiting.id AND handoff.state = 'QUEUED'"
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
