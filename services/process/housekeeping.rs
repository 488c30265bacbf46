//! What every process does now and then: deleting what no longer matters.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::db;
use crate::kernel::lifecycle;

use super::context::Context;
use super::settings::Retention;
use super::{request, throttle};

/// How often it is done.
const EVERY: Duration = Duration::from_mins(10);
/// About as many rows as one statement deletes: what piled up over years must not hold others up.
const BATCH: u64 = 1_000;

/// Keeps house until the process drains.
pub async fn run(context: Context, token: CancellationToken) {
    loop {
        if let Err(error) = prune(&context).await {
            tracing::warn!(class = error.class(), %error, "housekeeping failed; it is tried again later");
        }
        if !lifecycle::pause(&token, EVERY).await {
            return;
        }
    }
}

/// Deletes the process's throttle rows that hold nobody back any more, and its answers to requests of long ago.
///
/// # Errors
/// The storage error. What was deleted stays deleted.
pub async fn prune(context: &Context) -> Result<(), db::Error> {
    let now = context.now();
    let Retention {
        requests,
        throttles,
    } = context.retention;
    in_batches(|| throttle::prune(&context.db, now - throttles, BATCH)).await?;
    in_batches(|| request::prune(&context.db, now - requests, BATCH)).await
}

/// Deletes until a statement finds less than a batch.
///
/// # Errors
/// The storage error. What was deleted stays deleted.
pub async fn in_batches<E, F>(prune: impl Fn() -> F) -> Result<(), E>
where
    F: Future<Output = Result<u64, E>>,
{
    while prune().await? >= BATCH {}
    Ok(())
}
