//! Reading enrollments.

use uuid::Uuid;

use crate::codes::campaign::campaign_cache::Frame;
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::kernel::ids::{CampaignId, EnrollmentId};

use super::state::Kind;
use super::store;
use super::store::Enrollment;

/// Gets an enrollment.
pub async fn get(
    context: &Context,
    engagement_number: &str,
    id: EnrollmentId,
) -> Result<Enrollment, Error> {
    let frame = Frame::by_number(context, engagement_number).await?;
    let found = store::get(context.db.read(), frame.id, id, context.now()).await?;
    found.ok_or(Error::EnrollmentNotFound)
}

/// Lists a campaign's enrollments, oldest first: at most one more than `limit`, to know whether there is another page.
pub async fn list(
    context: &Context,
    campaign: CampaignId,
    state: Option<Kind>,
    after: Option<EnrollmentId>,
    limit: u64,
) -> Result<Vec<Enrollment>, Error> {
    let read = context.db.read();
    Frame::by_id(context, read, campaign).await?;
    let after = after.unwrap_or(EnrollmentId::from_uuid(Uuid::nil()));
    Ok(store::page(read, campaign, state, after, limit + 1, context.now()).await?)
}
