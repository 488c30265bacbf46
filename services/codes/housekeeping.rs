//! What this process does now and then beside what every process does: ending terms, wrapping secrets anew, and reading campaigns again.

use std::time::Duration;

use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;

use crate::db::{self, Storage as _};
use crate::kernel::ids::CampaignId;
use crate::kernel::lifecycle;

use super::context::Context;
use super::error::Error;
use super::{batch, campaign, enrollment};

/// How often it is done.
const EVERY: Duration = Duration::from_mins(10);
/// For how long a campaign is remembered: another instance may have changed it.
const REMEMBERED: Duration = Duration::from_secs(5);
/// Campaigns read at a time.
const PAGE: u64 = 100;

/// Keeps house until the process drains.
pub async fn run(context: Context, token: CancellationToken) {
    loop {
        if let Err(error) = step(&context).await {
            tracing::warn!(%error, "housekeeping did not finish; trying again later");
        }
        if let Err(error) = batch::rewrap::rewrap(&context).await {
            tracing::warn!(%error, "secrets of batches were not all wrapped anew; trying again later");
        }
        if !lifecycle::pause(&token, EVERY).await {
            return;
        }
    }
}

/// Forgets campaigns, again and again, until the process drains.
pub async fn forget_campaigns(context: Context, token: CancellationToken) {
    while lifecycle::pause(&token, REMEMBERED).await {
        context.campaign_cache.forget();
    }
}

/// Does everything once and gives the number of terms that ended.
pub async fn step(context: &Context) -> Result<u64, Error> {
    let mut ended = 0;
    let mut before = None;
    loop {
        let campaigns = campaign::store::page(context.db.read(), before, PAGE).await?;
        let Some(last) = campaigns.last() else {
            return Ok(ended);
        };
        before = Some(last.id);
        for campaign in &campaigns {
            // One that cannot be read does not keep the others' terms from ending.
            match end_terms(context, campaign.id, &campaign.zone).await {
                Err(error) if error.storage().is_some_and(db::Error::is_of_the_data) => {
                    tracing::error!(campaign_id = %campaign.id, %error, "the campaign's terms cannot be ended");
                }
                result => ended += result?,
            }
        }
    }
}

/// Ends the coverages whose last day has passed in the campaign's zone.
async fn end_terms(context: &Context, campaign: CampaignId, zone: &str) -> Result<u64, Error> {
    let corrupt = || db::Error::corrupt("campaign.zone");
    let zone = TimeZone::get(zone).map_err(|_| corrupt())?;
    let today = context.now().date_in(&zone).map_err(|_| corrupt())?;
    enrollment::end_terms::end_terms(context, campaign, today).await
}
