//! GetReferral and ListReferrals.

use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::kernel::ids::{CampaignId, ReferralId};

use super::case::Case;
use super::store::{self, Filter};

/// Gives a case.
pub async fn get_referral(
    context: &Context,
    campaign: CampaignId,
    id: ReferralId,
) -> Result<Case, Error> {
    let found = store::find(context.db.read(), campaign, id).await?;
    Case::of(&found.ok_or(Error::ReferralNotFound)?)
}

/// Lists cases, oldest first: one more than a page has, if there is one.
pub async fn list_referrals(
    context: &Context,
    campaign: CampaignId,
    only: Filter,
    (after, size): (Option<ReferralId>, u64),
) -> Result<Vec<Case>, Error> {
    let rows = store::list(context.db.read(), campaign, only, after, size + 1).await?;
    rows.iter().map(Case::of).collect()
}
