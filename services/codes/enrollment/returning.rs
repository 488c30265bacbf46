//! The enrollment of a caller who comes back: found by who they are, without a number.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db;
use crate::db::entities::{enrollment, verification};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId, IndividualId, VerificationId};

/// Names the newest enrollment of the person that a good verification is about.
pub async fn newest(
    context: &Context,
    campaign: CampaignId,
    id: VerificationId,
) -> Result<EnrollmentId, Error> {
    let read = context.db.read();
    let individual = verified(read, campaign, id, context.now()).await?;
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

async fn verified(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: VerificationId,
    now: Timestamp,
) -> Result<IndividualId, Error> {
    let row = verification::Entity::find_by_id((campaign, id));
    let row = row.one(connection).await.map_err(db::Error::from)?;
    let row = row.filter(|row| row.state == verification::State::Verified);
    let row = row.ok_or(Error::NotVerified)?;
    if row.expires_at <= now {
        return Err(Error::VerificationExpired);
    }
    row.individual_id.ok_or(Error::NotVerified)
}
