//! Whether the database can be used now.

use std::time::Duration;

use sea_orm::{EntityTrait, Set};
use tokio::time::Instant;
use uuid::Uuid;

use crate::kernel::clock::Timestamp;

use super::connect::Db;
use super::entities::idempotency;
use super::error::Error;
use super::metrics;
use super::rows;
use super::tx::Tx;

/// How long the probe may write.
const LIMIT: Duration = Duration::from_millis(1_500);
/// What is written, before it is written as text: so much that room must be found for it.
const BYTES: usize = 8 * 1024;

impl Db {
    /// Checks that the database answers, that its schema is the one this program was built for, and that it can be written.
    ///
    /// Nothing is written for this while everything works. Once a transaction found the disk full, failing or read-only, each
    /// call tries a small one of its own, until that or another one commits.
    ///
    /// # Errors
    /// The storage error that keeps the process from working.
    pub async fn check_usable(&self) -> Result<(), Error> {
        self.check_schema().await?;
        metrics::writable(self.hindrance().is_none());
        if self.hindrance().is_none() {
            return Ok(());
        }
        let (id, text) = (
            self.jitter().request_id(),
            rows::hex(&self.jitter().random::<BYTES>()),
        );
        let text = text.as_str();
        let deadline = Instant::now() + LIMIT;
        self.attempt(deadline, false, &mut |tx| Box::pin(write(tx, id, text)))
            .await?;
        *self.hindrance() = None;
        metrics::writable(true);
        Ok(())
    }
}

/// Writes a row and takes it away again.
async fn write(tx: &Tx<'_>, id: Uuid, text: &str) -> Result<(), Error> {
    let (process, caller, method) = (tx.process().as_str(), "service/probe", "Probe");
    let row = idempotency::ActiveModel {
        request_id: Set(id),
        process: Set(process.to_owned()),
        caller: Set(caller.to_owned()),
        method: Set(method.to_owned()),
        fingerprint: Set(id),
        result: Set(text.to_owned()),
        created_at: Set(Timestamp::EPOCH),
    };
    idempotency::Entity::insert(row)
        .exec_without_returning(tx)
        .await?;
    let key = (id, process.to_owned(), caller.to_owned(), method.to_owned());
    idempotency::Entity::delete_by_id(key).exec(tx).await?;
    Ok(())
}
