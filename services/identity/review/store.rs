//! The queries of reviews.

use sea_orm::sea_query::{Condition, Expr};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};
use uuid::Uuid;

use crate::db::entities::review::{Column, Entity, Model, State};
use crate::db::entities::{enrollment, individual_entity, individual_history};
use crate::identity::error::Error;
use crate::identity::roster::store::lists;
use crate::kernel::ids::{CampaignId, EnrollmentId, IndividualId, ReviewId};

/// Which reviews are listed.
#[derive(Clone, Copy, Debug)]
pub struct Filter {
    /// Of this state.
    pub state: State,
    /// With this individual.
    pub individual: Option<IndividualId>,
}

const BOTH_LISTED: &str = "NOT EXISTS (SELECT 1 FROM individual i WHERE i.campaign_id = review.campaign_id \
    AND i.id IN (review.individual_id, review.other_id) AND i.withdrawn_at IS NOT NULL)";

/// Gives one page of reviews, oldest first. Of those that are open only whose people are both on the list.
pub async fn list(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    filter: Filter,
    after: Option<ReviewId>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let mut query = Entity::find()
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::State.eq(filter.state));
    if let Some(id) = filter.individual {
        query = query.filter(is_of(id));
    }
    if filter.state == State::Open {
        query = query.filter(Expr::cust(BOTH_LISTED));
    }
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    let page = query.order_by_asc(Column::Id).limit(limit);
    Ok(page.all(connection).await?)
}

fn is_of(individual: IndividualId) -> Condition {
    Condition::any()
        .add(Column::IndividualId.eq(individual))
        .add(Column::OtherId.eq(individual))
}

/// Gives a review.
pub async fn find(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: ReviewId,
) -> Result<Option<Model>, Error> {
    let query = Entity::find_by_id((campaign, id));
    Ok(query.one(connection).await?)
}

/// Gives the open reviews of an individual.
pub async fn open_of(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    individual: IndividualId,
) -> Result<Vec<Model>, Error> {
    let query = Entity::find()
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::State.eq(State::Open))
        .filter(is_of(individual));
    Ok(query.all(connection).await?)
}

/// Writes a review that was read under the lock of the roster.
pub async fn write(connection: &impl ConnectionTrait, row: Model) -> Result<(), Error> {
    row.into_active_model()
        .reset_all()
        .update(connection)
        .await?;
    Ok(())
}

/// Gives the live enrollments of two people.
pub async fn live_enrollments(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    people: [IndividualId; 2],
) -> Result<Vec<(IndividualId, EnrollmentId)>, Error> {
    use enrollment::Column as Of;
    let query = enrollment::Entity::find()
        .select_only()
        .columns([Of::IndividualId, Of::Id])
        .filter(Of::CampaignId.eq(campaign))
        .filter(Of::IndividualId.is_in(people))
        .filter(Of::State.is_in(enrollment::State::LIVE));
    Ok(query.into_tuple().all(connection).await?)
}

/// Gives the references under which an individual is listed.
pub async fn references(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    individual: IndividualId,
) -> Result<Vec<Uuid>, Error> {
    use individual_entity::Column as Of;
    let query = individual_entity::Entity::find()
        .select_only()
        .column(Of::RefMac)
        .filter(Of::CampaignId.eq(campaign))
        .filter(Of::IndividualId.eq(individual));
    Ok(query.into_tuple().all(connection).await?)
}

/// Lets references of one individual be those of another.
pub async fn move_references(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    references: &[Uuid],
    (from, to): (IndividualId, IndividualId),
) -> Result<(), Error> {
    use individual_entity::Column as Of;
    for list in lists(references) {
        let update = individual_entity::Entity::update_many()
            .col_expr(Of::IndividualId, Expr::value(to))
            .filter(Of::CampaignId.eq(campaign))
            .filter(Of::IndividualId.eq(from))
            .filter(Of::RefMac.is_in(list));
        update.exec(connection).await?;
    }
    Ok(())
}

/// Gives what an individual's record was before it was changed last.
pub async fn last_change(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    individual: IndividualId,
) -> Result<Option<individual_history::Model>, Error> {
    use individual_history::Column as Of;
    let query = individual_history::Entity::find()
        .filter(Of::CampaignId.eq(campaign))
        .filter(Of::IndividualId.eq(individual))
        .order_by_desc(Of::ChangedAt);
    Ok(query.one(connection).await?)
}
