//! Deletes invoices that were broken off or refused, after the time of a list. What was checked is evidence and stays.

use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::kernel::clock::Timestamp;

use super::store;

/// Lines in one transaction.
const BATCH: i64 = 5_000;

/// Deletes those that began to come in before an instant, a batch of their lines at a time.
pub async fn prune(context: &Context, before: Timestamp) -> Result<(), Error> {
    for check in store::broken_off(context.db.read(), before).await? {
        let key = (check.campaign_id, check.id);
        for batch in 1..=check.lines / BATCH + 1 {
            let deleted = context.db.run_tx("invoice.prune_lines", |tx| {
                Box::pin(store::delete_lines(tx, key, batch * BATCH))
            });
            deleted.await?;
        }
        let deleted = context
            .db
            .run_tx("invoice.prune", |tx| Box::pin(store::delete(tx, key)));
        deleted.await?;
    }
    Ok(())
}
