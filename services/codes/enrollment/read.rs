//! Reading enrollments.

use uuid::Uuid;

use crate::codes::campaign::campaign_cache::Frame;
use crate::codes::context::Ctx;
use crate::codes::error::Error;
use crate::kernel::ids::{CampaignId, EnrollmentId};

use super::state::Kind;
use super::store;
use super::store::Enrollment;

/// Gets an enrollment.
pub async fn get(
    ctx: &Ctx,
    engagement_number: &str,
    id: EnrollmentId,
) -> Result<Enrollment, Error> {
    let frame = Frame::by_number(ctx, engagement_number).await?;
    let found = store::get(ctx.db.read(), frame.id, id, ctx.now()).await?;
    found.ok_or(Error::EnrollmentNotFound)
}

/// Lists a campaign's enrollments, oldest first: at most one more than `limit`, to know whether there is another page.
pub async fn list(
    ctx: &Ctx,
    campaign: CampaignId,
    state: Option<Kind>,
    after: Option<EnrollmentId>,
    limit: u64,
) -> Result<Vec<Enrollment>, Error> {
    let read = ctx.db.read();
    Frame::by_id(ctx, read, campaign).await?;
    let after = after.unwrap_or(EnrollmentId::from_uuid(Uuid::nil()));
    Ok(store::page(read, campaign, state, after, limit + 1, ctx.now()).await?)
}
