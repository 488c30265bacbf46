//! What must be done now and then: forgetting what no longer matters.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::db::{self, idempotency, throttle};
use crate::kernel::lifecycle;

use super::context::Context;

/// How often it is done.
const EVERY: Duration = Duration::from_mins(10);
/// How long a repeated request is known again.
const REQUESTS_KEPT: Duration = Duration::from_hours(7 * 24);

/// Keeps house until the process drains.
pub async fn run(context: Context, token: CancellationToken) {
    loop {
        if let Err(error) = step(&context).await {
            tracing::warn!(
                class = error.class(),
                "housekeeping did not finish; trying again later"
            );
        }
        if !lifecycle::pause(&token, EVERY).await {
            return;
        }
    }
}

/// Does everything once.
pub async fn step(context: &Context) -> Result<(), db::Error> {
    let now = context.now();
    throttle::prune(&context.db, now).await?;
    idempotency::prune(&context.db, now - REQUESTS_KEPT).await?;
    Ok(())
}
