//! ListReferrals.

use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::kernel::ids::{CampaignId, ReferralId};
use crate::kernel::paging;

use super::case::Case;
use super::store;

/// The most cases on one page.
const MAX_PAGE: u64 = 500;

/// Lists open cases, oldest first, and gives the token of the next page.
pub async fn list_referrals(
    context: &Context,
    campaign: CampaignId,
    size: u64,
    token: &str,
) -> Result<(Vec<Case>, String), Error> {
    let filter: [&[u8]; 2] = [b"referrals", campaign.as_bytes()];
    let size = size.min(MAX_PAGE);
    let after: Option<ReferralId> = paging::page_after(&filter, token)?;
    let mut rows = store::list_open(context.db.read(), campaign, after, size + 1).await?;
    let next = paging::next_page(&mut rows, size, &filter, |(row, _)| row.id);
    Ok((rows.iter().map(Case::of).collect(), next))
}
