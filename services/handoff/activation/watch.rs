//! Counts the activation codes that are left, every minute, for the metrics.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::metrics;
use crate::kernel::lifecycle;

use super::pool_store;

/// How often.
const EVERY: Duration = Duration::from_mins(1);
/// At most so many pools, which is more than there are campaigns.
const POOLS: u64 = 10_000;

/// Counts until the process drains.
pub async fn run(context: Context, token: CancellationToken) {
    loop {
        if let Err(error) = count(&context).await {
            tracing::warn!(%error, "activation codes could not be counted; trying again later");
        }
        if !lifecycle::pause(&token, EVERY).await {
            return;
        }
    }
}

/// Counts once.
pub async fn count(context: &Context) -> Result<(), Error> {
    for pool in pool_store::count(context.db.read(), None, None, POOLS).await? {
        let names = (pool.partner_name.as_str(), pool.engagement_number.as_str());
        metrics::pool(names, pool.available, pool.is_low());
    }
    Ok(())
}
