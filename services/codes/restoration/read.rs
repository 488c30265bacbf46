//! Reading restorations.

use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::codes::letter::whose;
use crate::db::entities::restoration::{Model, State};
use crate::kernel::ids::{CampaignId, RestorationId, VerificationId};
use crate::process::Call;

use super::store;

/// Which restoration is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// This one.
    Restoration(RestorationId),
    /// The newest one of the person whom a good verification found.
    Of(VerificationId),
}

/// Gets a restoration.
pub async fn get_restoration(
    context: &Context,
    call: &Call,
    campaign: CampaignId,
    which: Which,
) -> Result<Model, Error> {
    let read = context.db.read();
    let found = match which {
        Which::Restoration(id) => store::get(read, campaign, id).await?,
        Which::Of(verification) => {
            let by = (call, context.now());
            let individual = whose::verified(read, campaign, verification, by).await?;
            store::newest_of(read, campaign, individual).await?
        }
    };
    found.ok_or(Error::RestorationNotFound)
}

/// Lists a campaign's restorations, oldest first: at most one more than `limit`, to know whether there is another page.
pub async fn list_restorations(
    context: &Context,
    campaign: CampaignId,
    state: Option<State>,
    (after, limit): (Option<RestorationId>, u64),
) -> Result<Vec<Model>, Error> {
    let read = context.db.read();
    context.campaign_cache.by_id(read, campaign).await?;
    Ok(store::page(read, campaign, state, (after, limit + 1)).await?)
}
