//! The queries of orders of letters.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, Statement, Value,
};

use crate::db::entities::letter_order::{Column, Entity, Model};
use crate::db::entities::verification;
use crate::db::{self, Tx};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, IndividualId};

/// Names an order.
pub type Key = (CampaignId, IndividualId);

/// Gives the orders that wait, the oldest first.
pub async fn waiting(connection: &impl ConnectionTrait, limit: u64) -> Result<Vec<Key>, db::Error> {
    let query = Entity::find()
        .select_only()
        .columns([Column::CampaignId, Column::IndividualId])
        .filter(Column::PossibleAt.is_null())
        .order_by_asc(Column::OrderedAt)
        .limit(limit);
    Ok(query.into_tuple().all(connection).await?)
}

/// Takes an order away and gives it, if it still waits.
pub async fn take(tx: &Tx<'_>, key: Key) -> Result<Option<Model>, db::Error> {
    let order = lock(tx, key).await?;
    if order.is_some() {
        remove(tx, key).await?;
    }
    Ok(order)
}

/// Locks an order and gives it, if it still waits.
pub async fn lock(tx: &Tx<'_>, key: Key) -> Result<Option<Model>, db::Error> {
    let waits = Entity::find_by_id(key).filter(Column::PossibleAt.is_null());
    Ok(waits.lock_exclusive().one(tx).await?)
}

/// Takes an order away.
pub async fn remove(tx: &Tx<'_>, key: Key) -> Result<(), db::Error> {
    Entity::delete_by_id(key).exec(tx).await?;
    Ok(())
}

/// Keeps an order with the time from which on another letter is possible: it waits no more.
pub async fn keep(
    tx: &Tx<'_>,
    (campaign, individual): Key,
    possible_at: Timestamp,
) -> Result<(), db::Error> {
    let update = Entity::update_many()
        .col_expr(Column::PossibleAt, Expr::value(possible_at.as_micros()))
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::IndividualId.eq(individual));
    update.exec(tx).await?;
    Ok(())
}

/// What this process may know about a person for whom a letter was ordered.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Standing {
    /// When the person was taken off the list, or became another person.
    pub withdrawn_at: Option<Timestamp>,
    /// Where the verification of the order stands.
    pub verification: verification::State,
    /// Whether an enrollment that a letter began is under way: its person is verified, waits for a review, or may have a code sent.
    pub is_under_way: bool,
}

/// Finds how a person stands.
pub async fn standing(
    tx: &Tx<'_>,
    order: &Model,
    now: Timestamp,
) -> Result<Option<Standing>, db::Error> {
    const SQL: &str = "SELECT i.withdrawn_at, v.state AS verification, EXISTS (SELECT 1 FROM enrollment e JOIN verification w \
        ON w.campaign_id = e.campaign_id AND w.enrollment_id = e.id \
        WHERE e.campaign_id = $1 AND e.individual_id = $2 AND e.state = 'STARTED' AND e.code_mac IS NOT NULL \
        AND (w.state = 'REFERRED' OR w.state IN ('VERIFIED', 'CONFIRMATION_REQUIRED') AND w.expires_at > $4)) AS is_under_way \
        FROM individual i JOIN verification v ON v.campaign_id = i.campaign_id AND v.id = $3 \
        WHERE i.campaign_id = $1 AND i.id = $2";
    let values: [Value; 4] = [
        order.campaign_id.into(),
        order.individual_id.into(),
        order.verification_id.into(),
        now.into(),
    ];
    let statement = Statement::from_sql_and_values(tx.backend(), SQL, values);
    Ok(Standing::find_by_statement(statement).one(tx).await?)
}
