//! Reading campaigns.

use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::kernel::caller::Caller;
use crate::kernel::ids::CampaignId;

use super::store::{self, Campaign};

/// Gets a campaign.
pub async fn get_campaign(context: &Context, id: CampaignId) -> Result<Campaign, Error> {
    let connection = context.db.read();
    let row = store::by_id(connection, id).await?;
    let row = row.ok_or(Error::CampaignNotFound)?;
    store::complete(connection, vec![row])
        .await?
        .pop()
        .ok_or(Error::CampaignNotFound)
}

/// Lists the campaigns that a caller may know of, newest first: at most one more than `limit`, to know whether there is another page.
pub async fn list_campaigns(
    context: &Context,
    caller: &Caller,
    before: Option<CampaignId>,
    limit: u64,
) -> Result<Vec<Campaign>, Error> {
    let rows = store::page_for(context.db.read(), caller, before, limit + 1).await?;
    Ok(store::complete(context.db.read(), rows).await?)
}
