//! Runs a closure in a transaction, again where that may help.
//!
//! The closure may run several times, also after a commit that happened and was not confirmed. So it does all its
//! reading inside, it uses ids made outside, and it finds out first whether its work is already there.

use std::time::Duration;

use futures::future::BoxFuture;
use sea_orm::DbBackend;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use crate::kernel::retry::Backoff;

use super::connect::Db;
use super::error::{Error, Outage, SqlState, Storage};
use super::faults::Fault;
use super::metrics;
use super::sqlite;
use super::tx::Tx;

/// A transaction tries this often before it gives up.
const MAX_ATTEMPTS: u32 = 30;
/// Between attempts that met others.
const CONTENDED: Backoff = Backoff::new(Duration::from_millis(2), Duration::from_millis(100));
/// Between attempts that found no server.
const DISCONNECTED: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1));

impl Db {
    /// Runs `work` in a transaction and commits it; the only way to write.
    ///
    /// `name` labels the transaction in traces and metrics: one constant a place in the code. On SQLite the transaction
    /// is BEGIN IMMEDIATE, on PostgreSQL READ COMMITTED: correctness rests on conditional updates and unique
    /// constraints. Runs again, with jitter, on 40001, 40P01 and SQLITE_BUSY, on a lost connection, and on a commit
    /// that was not confirmed, until the time limit for all attempts together passes.
    ///
    /// # Errors
    /// Whatever `work` returns, after a rollback; or the storage error that was left at the end. After
    /// [`Error::UnknownCommit`] the work may be done: call again with the same ids.
    pub async fn run_tx<'a, T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        F: for<'c> FnMut(&'c Tx<'a>) -> BoxFuture<'c, Result<T, E>> + Send,
        T: Send,
        E: From<Error> + Storage + Send,
    {
        self.run(name, self.limits().tx_timeout, false, work).await
    }

    /// Runs `work` like [`Db::run_tx`] with the longer time limit of bulk loads. Use it with [`Tx::copy_in`].
    pub async fn run_bulk<'a, T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        F: for<'c> FnMut(&'c Tx<'a>) -> BoxFuture<'c, Result<T, E>> + Send,
        T: Send,
        E: From<Error> + Storage + Send,
    {
        self.run(name, self.limits().bulk_timeout, true, work).await
    }

    async fn run<'a, T, E, F>(
        &self,
        name: &'static str,
        limit: Duration,
        bulk: bool,
        work: F,
    ) -> Result<T, E>
    where
        F: for<'c> FnMut(&'c Tx<'a>) -> BoxFuture<'c, Result<T, E>> + Send,
        T: Send,
        E: From<Error> + Storage + Send,
    {
        let span = tracing::debug_span!("db.tx", name, attempts = tracing::field::Empty);
        let deadline = Instant::now() + limit;
        self.attempts(name, deadline, bulk, work)
            .instrument(span)
            .await
    }

    async fn attempts<'a, T, E, F>(
        &self,
        name: &'static str,
        deadline: Instant,
        bulk: bool,
        mut work: F,
    ) -> Result<T, E>
    where
        F: for<'c> FnMut(&'c Tx<'a>) -> BoxFuture<'c, Result<T, E>> + Send,
        T: Send,
        E: From<Error> + Storage + Send,
    {
        let started = Instant::now();
        let mut attempt = 0;
        let result = loop {
            let result = self.attempt(deadline, bulk, &mut work).await;
            attempt += 1;
            let Err(error) = &result else { break result };
            let Some(pause) = self.pause(error.storage(), attempt, deadline) else {
                break result;
            };
            metrics::retried(name, error.storage());
            tokio::time::sleep(pause).await;
        };
        self.remember(&result);
        tracing::Span::current().record("attempts", attempt);
        metrics::finished(name, started.elapsed(), &result);
        result
    }

    /// Decides whether to try again and how long to wait before.
    fn pause(&self, error: Option<&Error>, attempt: u32, deadline: Instant) -> Option<Duration> {
        let error = error.filter(|error| error.is_transient() && attempt < MAX_ATTEMPTS)?;
        let rule = if matches!(error, Error::Unavailable(_)) {
            DISCONNECTED
        } else {
            CONTENDED
        };
        let pause = rule.delay(attempt - 1, self.jitter());
        (Instant::now() + pause < deadline).then_some(pause)
    }

    /// Remembers what keeps the database from being written, until something is.
    fn remember<T, E: Storage>(&self, result: &Result<T, E>) {
        match result.as_ref().map_err(Storage::storage) {
            Ok(_) => *self.hindrance() = None,
            Err(Some(Error::Unavailable(outage))) if outage.keeps_from_writing() => {
                *self.hindrance() = Some(outage.clone());
            }
            Err(_) => {}
        }
    }

    pub(super) async fn attempt<'a, T, E, F>(
        &self,
        deadline: Instant,
        bulk: bool,
        work: &mut F,
    ) -> Result<T, E>
    where
        F: for<'c> FnMut(&'c Tx<'a>) -> BoxFuture<'c, Result<T, E>> + Send,
        T: Send,
        E: From<Error> + Storage + Send,
    {
        let tx = timeout_at(deadline, self.begin(bulk))
            .await
            .map_err(|_| timed_out())??;
        let worked = timeout_at(deadline, work(&tx)).await;
        match worked {
            Ok(Ok(value)) => {
                self.commit(tx, deadline).await?;
                if bulk && self.backend() == DbBackend::Sqlite {
                    tokio::time::sleep(sqlite::GAP).await;
                }
                Ok(value)
            }
            Ok(Err(error)) => {
                match error.storage() {
                    Some(storage) => tx.abandon(storage).await,
                    None => tx.rollback().await,
                }
                Err(error)
            }
            Err(_) => {
                // A statement is still under way on this connection.
                tx.discard();
                Err(timed_out().into())
            }
        }
    }

    async fn commit(&self, tx: Tx<'_>, deadline: Instant) -> Result<(), Error> {
        let fault = self.faults().draw();
        if fault == Some(Fault::Serialization) {
            tx.rollback().await;
            return Err(Error::Contended(SqlState::new("40001")));
        }
        timeout_at(deadline, tx.commit())
            .await
            .map_err(|_| Error::UnknownCommit)??;
        match fault {
            Some(Fault::LostAnswer) => Err(Error::UnknownCommit),
            Some(Fault::Serialization) | None => Ok(()),
        }
    }
}

fn timed_out() -> Error {
    Error::Unavailable(Outage::TimedOut)
}
