//! Reading enrollments.

use uuid::Uuid;

use crate::codes::code::Code;
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::codes::letter::{by_code, whose};
use crate::kernel::ids::{CampaignId, EnrollmentId, VerificationId};
use crate::process::Call;

use super::returning;
use super::state::Shown;
use super::store::{self, Enrollment};

/// Which enrollment is meant.
#[derive(Clone, Debug)]
pub enum Which {
    /// This one.
    Enrollment(EnrollmentId),
    /// The newest one of the person who was verified.
    Of(VerificationId),
    /// The newest one of the person whose letter has this code.
    HeldBy(Code),
}

/// Gets an enrollment.
pub async fn get_enrollment(
    context: &Context,
    call: &Call,
    engagement_number: &str,
    which: Which,
) -> Result<Enrollment, Error> {
    let read = context.db.read();
    let campaign = (context.campaign_cache)
        .by_number(read, engagement_number)
        .await?;
    let now = context.now();
    let id = match which {
        Which::Enrollment(id) => {
            let found = store::get(read, campaign.id, id, now).await?;
            let found = found.filter(|found| found.row.is_reached_by(call));
            return found.ok_or(Error::EnrollmentNotFound);
        }
        Which::Of(verification) => {
            let individual = whose::verified(read, campaign.id, verification, (call, now)).await?;
            returning::newest(context, campaign.id, individual).await?
        }
        Which::HeldBy(code) => {
            let individual = by_code::holder(context, call, engagement_number, &code).await?;
            returning::newest(context, campaign.id, individual).await?
        }
    };
    let found = store::get(read, campaign.id, id, now).await?;
    found.ok_or(Error::EnrollmentNotFound)
}

/// Lists a campaign's enrollments, oldest first: at most one more than `limit`, to know whether there is another page.
pub async fn list_enrollments(
    context: &Context,
    campaign: CampaignId,
    state: Option<Shown>,
    after: Option<EnrollmentId>,
    limit: u64,
) -> Result<Vec<Enrollment>, Error> {
    let read = context.db.read();
    context.campaign_cache.by_id(read, campaign).await?;
    let after = after.unwrap_or(EnrollmentId::from_uuid(Uuid::nil()));
    Ok(store::page(read, campaign, state, after, limit + 1, context.now()).await?)
}
