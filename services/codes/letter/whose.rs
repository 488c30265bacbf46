//! Whom a call is about: an individual, or whoever a verification found or an enrollment belongs to.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::codes::error::Error;
use crate::db::entities::{enrollment, verification};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId, IndividualId, VerificationId};
use crate::process::Call;

use super::{begun, guardian};

/// How somebody is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// By the id.
    Individual(IndividualId),
    /// By a good verification.
    Verification(VerificationId),
    /// By an enrollment.
    Enrollment(EnrollmentId),
}

/// Finds who is meant. An individual that is named by its id is not looked up.
pub async fn individual(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    whose: Whose,
    (call, now): (&Call, Timestamp),
) -> Result<IndividualId, Error> {
    match whose {
        Whose::Individual(id) => Ok(id),
        Whose::Verification(id) => verified(connection, campaign, id, (call, now)).await,
        Whose::Enrollment(id) => {
            let owner = enrollment::Entity::find()
                .select_only()
                .column(enrollment::Column::IndividualId)
                .filter(enrollment::Column::CampaignId.eq(campaign))
                .filter(enrollment::Column::Id.eq(id));
            let owner: Option<IndividualId> = owner.into_tuple().one(connection).await?;
            owner.ok_or(Error::EnrollmentNotFound)
        }
    }
}

/// Finds whom a good verification is about that this caller asked for. One that was made for an enrollment ends with it, and with
/// the letter that began it; one that rests on a guardian's own ends with that.
pub async fn verified(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: VerificationId,
    (call, now): (&Call, Timestamp),
) -> Result<IndividualId, Error> {
    let row = verification::Entity::find_by_id((campaign, id));
    let row = row.one(connection).await?;
    let row = row.filter(|row| {
        row.state == verification::State::Verified && call.reaches(&row.requested_by)
    });
    let row = row.ok_or(Error::NotVerified)?;
    if row.expires_at <= now {
        return Err(Error::VerificationExpired);
    }
    if let Some(enrollment) = row.enrollment_id
        && begun::is_void(connection, campaign, enrollment).await?
    {
        return Err(Error::NotVerified);
    }
    if guardian::is_void(connection, &row).await? {
        return Err(Error::NotVerified);
    }
    row.individual_id.ok_or(Error::NotVerified)
}
