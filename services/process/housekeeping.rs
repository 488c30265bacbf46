//! What every process does now and then: deleting what no longer matters.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::db;
use crate::kernel::{keyring, lifecycle};

use super::context::Context;
use super::{request, throttle};

/// How often it is done.
const EVERY: Duration = Duration::from_mins(10);
/// How long a repeated request is recognised.
const REQUESTS_KEPT: Duration = keyring::OLD_KEY_KEPT;

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

/// Deletes the process's throttle rows that hold nobody back any more, and its answers to requests of more than a week ago.
///
/// # Errors
/// The storage error. What was deleted stays deleted.
pub async fn prune(context: &Context) -> Result<(), db::Error> {
    let now = context.now();
    throttle::prune(&context.db, now).await?;
    request::prune(&context.db, now - REQUESTS_KEPT).await?;
    Ok(())
}
