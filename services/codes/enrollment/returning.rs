//! The enrollment of a caller who comes back: found by who they are, without a number.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::codes::letter::whose;
use crate::db;
use crate::db::entities::enrollment;
use crate::kernel::ids::{CampaignId, EnrollmentId, VerificationId};

/// Names the newest enrollment of the person that a good verification is about.
pub async fn newest(
    context: &Context,
    campaign: CampaignId,
    id: VerificationId,
) -> Result<EnrollmentId, Error> {
    let read = context.db.read();
    let individual = whose::verified(read, campaign, id, context.now()).await?;
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
