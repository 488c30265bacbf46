//! What is under way at a partner, and what it accepted long ago.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect};

use crate::db::entities::handoff::{self, Column, Entity};
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
pub async fn held_by(
    db: &impl ConnectionTrait,
    partner: PartnerId,
    owner: &str,
    now: Timestamp,
) -> Result<Held, Error> {
    let counts: Vec<(Option<String>, i64)> = Entity::find()
        .select_only()
        .column(Column::LeaseOwner)
        .column_as(Expr::col(Column::Id).count(), "held")
        .filter(Column::PartnerId.eq(partner))
        .filter(Column::State.eq(handoff::State::Leased))
        .filter(Column::NotBefore.gt(now))
        .group_by(Column::LeaseOwner)
        .into_tuple()
        .all(db)
        .await?;
    let mut held = Held::default();
    for (of, count) in counts {
        let count = u64::try_from(count).unwrap_or(0);
        held.by_partner += count;
        if of.as_deref() == Some(owner) {
            held.by_owner = count;
        }
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
    let state = handoff::State::Accepted;
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
