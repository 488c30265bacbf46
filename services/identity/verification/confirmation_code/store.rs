//! The queries of confirmation codes.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder,
};

use crate::db::entities::confirmation_code::{self, State};
use crate::identity::error::Error;
use crate::identity::roster::store::one_row;
use crate::kernel::ids::{CampaignId, ConfirmationId, VerificationId};

use super::state::Confirmation;

/// Counts the codes sent for a verification.
pub async fn count(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    verification: VerificationId,
) -> Result<u64, Error> {
    use confirmation_code::Column;
    let query = confirmation_code::Entity::find()
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::VerificationId.eq(verification));
    Ok(query.count(connection).await?)
}

/// Writes a confirmation code, and marks those sent before it SPENT.
pub async fn insert(
    connection: &impl ConnectionTrait,
    row: &confirmation_code::Model,
) -> Result<(), Error> {
    use confirmation_code::Column;
    confirmation_code::Entity::update_many()
        .col_expr(Column::State, Expr::value(State::Spent))
        .filter(Column::CampaignId.eq(row.campaign_id))
        .filter(Column::VerificationId.eq(row.verification_id))
        .filter(Column::State.eq(State::Sent))
        .exec(connection)
        .await?;
    confirmation_code::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// Gives a confirmation code.
pub async fn find(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: ConfirmationId,
) -> Result<Option<confirmation_code::Model>, Error> {
    Ok(confirmation_code::Entity::find_by_id((campaign, id))
        .one(connection)
        .await?)
}

/// Gives the code that can be confirmed: the one that is SENT, of which there is at most one.
pub async fn find_sent(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    verification: VerificationId,
) -> Result<Option<confirmation_code::Model>, Error> {
    use confirmation_code::Column;
    let query = confirmation_code::Entity::find()
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::VerificationId.eq(verification))
        .filter(Column::State.eq(State::Sent))
        .order_by_desc(Column::SentAt);
    Ok(query.one(connection).await?)
}

/// Writes the state after a try, if no other try was counted meanwhile.
pub async fn advance(
    connection: &impl ConnectionTrait,
    row: &confirmation_code::Model,
    to: &Confirmation,
) -> Result<(), Error> {
    use confirmation_code::Column;
    let update = confirmation_code::Entity::update_many()
        .col_expr(Column::State, Expr::value(to.state()))
        .col_expr(Column::Attempts, Expr::value(to.attempts()))
        .filter(Column::CampaignId.eq(row.campaign_id))
        .filter(Column::Id.eq(row.id))
        .filter(Column::State.eq(row.state))
        .filter(Column::Attempts.eq(row.attempts));
    one_row(update.exec(connection).await?.rows_affected)
}
