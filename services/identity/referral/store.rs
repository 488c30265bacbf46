//! The queries of referrals.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    RelationDef,
};

use crate::db::entities::referral::{self, DecisionReason, Reason, State};
use crate::db::entities::verification;
use crate::identity::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, ReferralId};

/// Which referrals are listed.
#[derive(Clone, Copy, Debug)]
pub struct Filter {
    /// Of this state.
    pub state: State,
    /// Due before this instant.
    pub due_before: Option<Timestamp>,
    /// Referred for this reason.
    pub reason: Option<Reason>,
}

/// Gives one page of referrals with their individuals, oldest first.
pub async fn list(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    filter: Filter,
    after: Option<ReferralId>,
    limit: u64,
) -> Result<Vec<(referral::Model, Option<verification::Model>)>, Error> {
    use referral::Column;
    let mut query = referral::Entity::find()
        .select_also(verification::Entity)
        .join(JoinType::LeftJoin, to_verification())
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::State.eq(filter.state));
    if let Some(instant) = filter.due_before {
        query = query.filter(Column::DueAt.lt(instant));
    }
    if let Some(reason) = filter.reason {
        query = query.filter(Column::Reason.eq(reason));
    }
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

/// A decision to write.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    /// The state that it leads to.
    pub to: State,
    /// Why.
    pub reason: DecisionReason,
    /// What was seen by all, as the column has it.
    pub evidence: &'a str,
    /// Who decides.
    pub reviewer: &'a str,
    /// When.
    pub at: Timestamp,
}

/// Decides a referral, or writes the first of two approvals, if it still stands where it was read; tells whether it did.
pub async fn decide(
    connection: &impl ConnectionTrait,
    row: &referral::Model,
    decision: Decision<'_>,
) -> Result<bool, Error> {
    use referral::Column;
    let (who, when, why) = match decision.to {
        State::Endorsed => (
            Column::EndorsedBy,
            Column::EndorsedAt,
            Column::EndorsementReason,
        ),
        State::Open | State::Approved | State::Denied => {
            (Column::DecidedBy, Column::DecidedAt, Column::DecisionReason)
        }
    };
    let update = referral::Entity::update_many()
        .col_expr(Column::State, Expr::value(decision.to))
        .col_expr(who, Expr::value(decision.reviewer))
        .col_expr(when, Expr::value(decision.at.as_micros()))
        .col_expr(why, Expr::value(decision.reason))
        .col_expr(Column::Evidence, Expr::value(decision.evidence))
        .filter(Column::CampaignId.eq(row.campaign_id))
        .filter(Column::Id.eq(row.id))
        .filter(Column::State.eq(row.state));
    Ok(update.exec(connection).await?.rows_affected == 1)
}
