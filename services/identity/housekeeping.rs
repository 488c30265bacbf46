//! What must be done now and then: forgetting what no longer matters, and ending what an import left behind that broke off.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::db::{self, deferred, idempotency, throttle};
use crate::kernel::lifecycle;

use super::context::Ctx;

/// How often it is done.
const EVERY: Duration = Duration::from_mins(10);
/// How long a repeated request is known again.
const REQUESTS_KEPT: Duration = Duration::from_hours(7 * 24);

/// Keeps house until the process drains.
pub async fn run(ctx: Ctx, token: CancellationToken) {
    loop {
        if let Err(error) = step(&ctx).await {
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
pub async fn step(ctx: &Ctx) -> Result<(), db::Error> {
    let now = ctx.now();
    // A build that fails keeps nothing else from being done.
    let built = deferred::build(&ctx.db).await;
    throttle::prune(&ctx.db, now).await?;
    idempotency::prune(&ctx.db, now - REQUESTS_KEPT).await?;
    built
}
