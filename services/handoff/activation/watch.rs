//! Looks now and then how many activation codes are left, for the metrics.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::metrics;
use crate::kernel::lifecycle;

use super::store;

/// How often.
const EVERY: Duration = Duration::from_mins(1);
/// At most so many pools, which is more than there are campaigns.
const POOLS: u64 = 10_000;

/// Looks until the process drains.
pub async fn run(context: Context, token: CancellationToken) {
    loop {
        if let Err(error) = look(&context).await {
            tracing::warn!(%error, "activation codes could not be counted; trying again later");
        }
        if !lifecycle::pause(&token, EVERY).await {
            return;
        }
    }
}

/// Looks once.
pub async fn look(context: &Context) -> Result<(), Error> {
    for pool in store::count(context.db.read(), None, None, POOLS).await? {
        metrics::pool(&pool);
    }
    Ok(())
}
