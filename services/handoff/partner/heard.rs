//! When a partner that pulls acknowledged something last. That tells an order which it cannot take from a partner that takes nothing.
//!
//! The instant stands in the partner's row, so that all instances know it, and is written every few seconds and not with every call.

use std::time::Duration;

use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::kernel::ids::PartnerId;

use super::store;

/// The row is at most so much behind.
const BEHIND: Duration = Duration::from_secs(5);

/// Notes that a partner acknowledged something now.
pub async fn heard(context: &Context, partner: PartnerId) -> Result<(), Error> {
    let now = context.clock.now();
    if !context.heard.note(partner, now, BEHIND) {
        return Ok(());
    }
    context
        .db
        .run_tx("partner.heard", |tx| {
            Box::pin(async move { store::set_heard(tx, partner, now).await })
        })
        .await
}
