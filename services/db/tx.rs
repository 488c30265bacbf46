//! The transaction that a closure of [`super::Db::run_tx`] gets.
//!
//! It is a type of its own, and not `sea_orm::DatabaseTransaction`, for three reasons: a connection whose commit was
//! not confirmed must be closed and not go back to the pool, COPY must run inside the transaction, and a statement error
//! that a closure swallows must not end in a COMMIT, which PostgreSQL would answer with a silent rollback.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use sea_orm_migration::async_trait::async_trait;
use tokio::sync::{Mutex, MutexGuard};

use super::error::{Error, Outage};
use super::session::Session;
use super::settings::Process;
use super::statements::Statements;

/// How long a rollback may take before its connection is closed instead.
const ROLLBACK_TIMEOUT: Duration = Duration::from_secs(2);

/// An open transaction. It implements [`ConnectionTrait`], so entities and queries take it like a connection.
///
/// The lifetime is that of whatever the closure borrows; it carries no meaning beyond that.
pub struct Tx<'a> {
    session: Mutex<Option<Session>>,
    backend: DbBackend,
    process: Process,
    failed: AtomicBool,
    statements: Statements,
    borrowed: PhantomData<&'a ()>,
}

impl Tx<'_> {
    /// Begins a transaction with this statement, which is sent again for so long as it meets others.
    pub(super) async fn begin(
        session: Session,
        process: Process,
        statements: Statements,
        sql: String,
        patience: Duration,
    ) -> Result<Self, Error> {
        // The guard holds the session from the start: a BEGIN that nobody waits for any more is rolled back too.
        let mut tx = Self {
            backend: session.backend(),
            process,
            session: Mutex::new(Some(session)),
            failed: AtomicBool::new(false),
            statements,
            borrowed: PhantomData,
        };
        let deadline = Instant::now() + patience;
        loop {
            tx.statements.note(&sql);
            let begun = match tx.session.get_mut() {
                Some(session) => session.run(sql.clone()).await,
                None => Err(ended().into()),
            };
            match begun {
                Ok(()) => return Ok(tx),
                Err(Error::Contended(_)) if Instant::now() < deadline => {}
                Err(error) => {
                    tx.abandon(&error).await;
                    return Err(error);
                }
            }
        }
    }

    /// Tells which process writes, for the tables whose rows belong to one.
    pub fn process(&self) -> Process {
        self.process
    }

    /// Tells which database this is, for the few statements that differ.
    pub fn backend(&self) -> DbBackend {
        self.backend
    }

    /// Commits. An error here means that nobody knows whether it happened.
    pub(super) async fn commit(mut self) -> Result<(), Error> {
        if self.failed.load(Ordering::Acquire) {
            self.rollback().await;
            return Err(Error::corrupt(
                "a transaction that goes on after a statement failed",
            ));
        }
        let session = self.session.get_mut();
        let Some(connection) = session.as_mut() else {
            return Err(Error::UnknownCommit);
        };
        self.statements.note("COMMIT");
        match connection.run("COMMIT".to_owned()).await {
            Ok(()) => {
                drop(session.take());
                Ok(())
            }
            Err(error) => Err(self.refused(error)),
        }
    }

    /// Sorts an error at COMMIT: the server saying "no" is known, everything else is not.
    fn refused(mut self, error: Error) -> Error {
        if let Some(session) = self.session.get_mut().take() {
            session.discard();
        }
        match error {
            Error::Contended(_)
            | Error::Unique { .. }
            | Error::Corrupt { .. }
            | Error::Denied(_)
            | Error::Unavailable(Outage::Full(_) | Outage::ReadOnly(_)) => error,
            _ => Error::UnknownCommit,
        }
    }

    pub(super) async fn rollback(mut self) {
        self.statements.note("ROLLBACK");
        if let Some(session) = self.session.get_mut().take() {
            roll_back(session).await;
        }
    }

    /// Ends a transaction that met this error, closing the connection where it can no longer be trusted.
    pub(super) async fn abandon(mut self, error: &Error) {
        self.statements.note("ROLLBACK");
        match self.session.get_mut().take() {
            Some(session) if error.poisons_connection() => session.discard(),
            Some(session) => roll_back(session).await,
            None => {}
        }
    }

    /// Closes the connection, transaction and all.
    pub(super) fn discard(mut self) {
        if let Some(session) = self.session.get_mut().take() {
            session.discard();
        }
    }

    pub(super) async fn lock(&self) -> MutexGuard<'_, Option<Session>> {
        self.session.lock().await
    }

    pub(super) fn note<T, E>(&self, result: Result<T, E>) -> Result<T, E> {
        if result.is_err() {
            self.failed.store(true, Ordering::Release);
        }
        result
    }
}

async fn roll_back(mut session: Session) {
    match tokio::time::timeout(ROLLBACK_TIMEOUT, session.run("ROLLBACK".to_owned())).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) | Err(_) => session.discard(),
    }
}

impl Drop for Tx<'_> {
    /// A handler was dropped in the middle: rolls back beside it, so that the writer's connection comes free.
    fn drop(&mut self) {
        let Some(session) = self.session.get_mut().take() else {
            return;
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(roll_back(session))),
            Err(_) => session.discard(),
        }
    }
}

/// What is said when a transaction is used after its end. The borrow checker forbids it; this keeps it an error.
fn ended() -> DbErr {
    DbErr::Custom("the transaction has ended".to_owned())
}

#[async_trait]
impl ConnectionTrait for Tx<'_> {
    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.statements.note(&statement.sql);
        let mut session = self.lock().await;
        let session = session.as_mut().ok_or_else(ended)?;
        self.note(session.execute(statement).await)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.statements.note(sql);
        let mut session = self.lock().await;
        let session = session.as_mut().ok_or_else(ended)?;
        self.note(session.execute_plain(sql.to_owned()).await)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.statements.note(&statement.sql);
        let mut session = self.lock().await;
        let session = session.as_mut().ok_or_else(ended)?;
        self.note(session.fetch_optional(statement).await)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.statements.note(&statement.sql);
        let mut session = self.lock().await;
        let session = session.as_mut().ok_or_else(ended)?;
        self.note(session.fetch_all(statement).await)
    }
}
