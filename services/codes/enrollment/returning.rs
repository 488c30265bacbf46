//! The enrollment of a caller who comes back: found by who they are, without a number.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db;
use crate::db::entities::enrollment;
use crate::kernel::ids::{CampaignId, EnrollmentId, IndividualId};

/// Names the newest enrollment of a person.
pub async fn newest(
    context: &Context,
    campaign: CampaignId,
    individual: IndividualId,
) -> Result<EnrollmentId, Error> {
    let read = context.db.read();
    let newest = enrollment::Entity::find()
        .select_only()
        .column(enrollment::Column::Id)
        .filter(enrollment::Column::CampaignId.eq(campaign))
        .filter(enrollment::Column::IndividualId.eq(individual))
        .order_by_desc(enrollment::Column::StartedAt)
        .order_by_desc(enrollment::Column::Id);
    let newest: Option<EnrollmentId> = newest
        .into_tuple()
        .one(read)
        .await
        .map_err(db::Error::from)?;
    newest.ok_or(Error::EnrollmentNotFound)
}
