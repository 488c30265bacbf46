//! GetReview and ListReviews.

use crate::db::entities::review::Model;
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::kernel::ids::{CampaignId, ReviewId};

use super::store::{self, Filter};

/// Gives a review.
pub async fn get_review(
    context: &Context,
    campaign: CampaignId,
    id: ReviewId,
) -> Result<Model, Error> {
    let found = store::find(context.db.read(), campaign, id).await?;
    found.ok_or(Error::ReviewNotFound)
}

/// Lists reviews, oldest first: one more than a page has, if there is one.
pub async fn list_reviews(
    context: &Context,
    campaign: CampaignId,
    only: Filter,
    (after, size): (Option<ReviewId>, u64),
) -> Result<Vec<Model>, Error> {
    store::list(context.db.read(), campaign, only, after, size + 1).await
}
