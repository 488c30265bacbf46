//! The outbox to the process `bureau-handoff`: codes inserts, handoff does the rest.

use sea_orm::ConnectionTrait;

use crate::db::entities::handoff::{Kind, Queued};
use crate::db::{self, Tx};

/// Queues a withdrawal.
pub async fn queue_cancel(tx: &Tx<'_>, cancel: Queued) -> Result<(), db::Error> {
    let statement = Queued::statement(tx.backend(), Kind::Cancel, &[cancel]);
    tx.execute_raw(statement).await?;
    Ok(())
}
