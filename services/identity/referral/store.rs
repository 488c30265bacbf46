//! The queries of referrals.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    RelationDef,
};

use crate::db::entities::referral::{self, State};
use crate::db::entities::verification;
use crate::identity::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, ReferralId};

/// Gives one page of open referrals with their individuals, oldest first.
pub async fn list_open(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    after: Option<ReferralId>,
    limit: u64,
) -> Result<Vec<(referral::Model, Option<verification::Model>)>, Error> {
    use referral::Column;
    let mut query = referral::Entity::find()
        .select_also(verification::Entity)
        .join(JoinType::LeftJoin, to_verification())
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::State.eq(State::Open));
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    Ok(query
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(connection)
        .await?)
}

/// Gives a referral with its verification.
pub async fn find(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: ReferralId,
) -> Result<Option<(referral::Model, Option<verification::Model>)>, Error> {
    let query = referral::Entity::find()
        .select_also(verification::Entity)
        .join(JoinType::LeftJoin, to_verification())
        .filter(referral::Column::CampaignId.eq(campaign))
        .filter(referral::Column::Id.eq(id));
    Ok(query.one(connection).await?)
}

fn to_verification() -> RelationDef {
    referral::Entity::belongs_to(verification::Entity)
        .from((
            referral::Column::CampaignId,
            referral::Column::VerificationId,
        ))
        .to((verification::Column::CampaignId, verification::Column::Id))
        .into()
}

/// Decides a referral, if it is open; tells whether it was.
pub async fn decide(
    connection: &impl ConnectionTrait,
    row: &referral::Model,
    to: State,
    reviewer: &str,
    at: Timestamp,
) -> Result<bool, Error> {
    use referral::Column;
    let update = referral::Entity::update_many()
        .col_expr(Column::State, Expr::value(to))
        .col_expr(Column::DecidedBy, Expr::value(reviewer))
        .col_expr(Column::DecidedAt, Expr::value(at.as_micros()))
        .filter(Column::CampaignId.eq(row.campaign_id))
        .filter(Column::Id.eq(row.id))
        .filter(Column::State.eq(State::Open));
    Ok(update.exec(connection).await?.rows_affected == 1)
}
