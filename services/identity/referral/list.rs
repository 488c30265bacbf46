//! GetReferral and ListReferrals.

use crate::db::entities::ClosedSet;
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, ReferralId};
use crate::kernel::paging;

use super::case::Case;
use super::store::{self, Filter};

/// The most cases on one page.
const MAX_PAGE: u64 = 500;

/// Gives a case.
pub async fn get_referral(
    context: &Context,
    campaign: CampaignId,
    id: ReferralId,
) -> Result<Case, Error> {
    let found = store::find(context.db.read(), campaign, id).await?;
    Case::of(&found.ok_or(Error::ReferralNotFound)?)
}

/// Lists cases, oldest first, and gives the token of the next page.
pub async fn list_referrals(
    context: &Context,
    campaign: CampaignId,
    only: Filter,
    (size, token): (u64, &str),
) -> Result<(Vec<Case>, String), Error> {
    let due = only.due_before.map_or(i64::MAX, Timestamp::as_micros);
    let filter: [&[u8]; 5] = [
        b"referrals",
        campaign.as_bytes(),
        only.state.as_str().as_bytes(),
        &due.to_be_bytes(),
        only.reason.map_or("", ClosedSet::as_str).as_bytes(),
    ];
    let size = size.min(MAX_PAGE);
    let after: Option<ReferralId> = paging::page_after(&filter, token)?;
    let mut rows = store::list(context.db.read(), campaign, only, after, size + 1).await?;
    let next = paging::next_page(&mut rows, size, &filter, |(row, _)| row.id);
    let cases: Result<_, Error> = rows.iter().map(Case::of).collect();
    Ok((cases?, next))
}
