//! The codes of an individual.

use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::kernel::ids::{CampaignId, IndividualId};

use super::store::{self, Line};

/// Lists the codes of an individual, newest first.
pub async fn list_codes(
    context: &Context,
    campaign: CampaignId,
    individual: IndividualId,
) -> Result<Vec<Line>, Error> {
    let read = context.db.read();
    context.campaign_cache.by_id(read, campaign).await?;
    store::addressee(read, campaign, individual)
        .await?
        .ok_or(Error::IndividualNotFound)?;
    Ok(store::of(read, campaign, individual).await?)
}
