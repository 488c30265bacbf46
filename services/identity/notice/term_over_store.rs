//! The queries of notices that a term is over.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use crate::db::entities::term_notice::{Column, Entity, Model, State};
use crate::db::{self, Tx};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId};

use super::store::RETRY;

/// Gives those that are due: a page after this one. One that is tried again waits until then, but no longer than the longest wait: the clock
/// may have been wrong.
pub async fn due(
    connection: &impl ConnectionTrait,
    now: Timestamp,
    (after, limit): ((CampaignId, EnrollmentId), u64),
) -> Result<Vec<Model>, db::Error> {
    let (campaign, enrollment) = after;
    let later = Condition::any().add(Column::CampaignId.gt(campaign)).add(
        Condition::all()
            .add(Column::CampaignId.eq(campaign))
            .add(Column::EnrollmentId.gt(enrollment)),
    );
    let is_time = Condition::any()
        .add(Column::RetryAt.is_null())
        .add(Column::RetryAt.lte(now))
        .add(Column::RetryAt.gt(now + RETRY.cap));
    let query = Entity::find()
        .filter(Column::State.eq(State::Due))
        .filter(later)
        .filter(is_time)
        .order_by_asc(Column::CampaignId)
        .order_by_asc(Column::EnrollmentId)
        .limit(limit);
    Ok(query.all(connection).await?)
}

/// Writes what became of a notice that was due; one that stays due is tried again at an instant.
pub async fn settle(
    tx: &Tx<'_>,
    due: &Model,
    (state, until): (State, Timestamp),
) -> Result<(), db::Error> {
    let again = (state == State::Due).then_some(until);
    let update = Entity::update_many()
        .col_expr(Column::State, Expr::value(state))
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .col_expr(
            Column::RetryAt,
            Expr::value(again.map(Timestamp::as_micros)),
        )
        .filter(Column::CampaignId.eq(due.campaign_id))
        .filter(Column::EnrollmentId.eq(due.enrollment_id))
        .filter(Column::State.eq(State::Due));
    update.exec(tx).await?;
    Ok(())
}
