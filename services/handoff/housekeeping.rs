//! What this process does now and then beside what every process does: making due what a wrong clock dated.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::db::entities::handoff::State;
use crate::db::entities::partner::Mode;
use crate::kernel::lifecycle;

use super::context::Context;
use super::error::Error;
use super::partner;
use super::partner::file_layout::LONGEST_ANSWER;
use super::queue::due::QueueKey;
use super::queue::{misdated, retry_policy};

/// How often it is done.
const EVERY: Duration = Duration::from_mins(1);

/// Keeps house until the process drains.
pub async fn run(context: Context, token: CancellationToken) {
    loop {
        match step(&context).await {
            Ok(0) => {}
            Ok(handoffs) => tracing::warn!(
                handoffs,
                "handoffs were to wait for longer than any rule allows, as a wrong clock dates them; they are due now"
            ),
            Err(error) => {
                tracing::warn!(%error, "housekeeping did not finish; trying again later");
            }
        }
        if !lifecycle::pause(&token, EVERY).await {
            return;
        }
    }
}

/// Does everything once and gives the number of handoffs that were made due.
pub async fn step(context: &Context) -> Result<u64, Error> {
    let mut made_due = 0;
    for (partner, mode) in partner::store::modes(context.db.read()).await? {
        for state in misdated::WAITING {
            // The lease of a file lasts until its answer must be there.
            let longest = match (mode, state) {
                (Mode::File, State::Leased) => LONGEST_ANSWER,
                _ => retry_policy::longest(&context.rules),
            };
            let latest = context.now() + longest;
            let late = misdated::queues(context.db.read(), (partner, state), latest).await?;
            for queue in late {
                made_due += make_due(context, (queue, state), longest).await?;
            }
        }
    }
    Ok(made_due)
}

async fn make_due(
    context: &Context,
    whose: (QueueKey, State),
    longest: Duration,
) -> Result<u64, Error> {
    let mut made_due = 0;
    loop {
        let now = context.now();
        let when = (now, now + longest);
        let work = context.db.run_tx("handoff.make_due", |tx| {
            Box::pin(misdated::make_due(tx, whose, when))
        });
        let done = work.await?;
        made_due += done;
        if done < misdated::MOST {
            return Ok(made_due);
        }
    }
}
