//! Opening and closing the database.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sea_orm::sqlx::{PgPool, SqlitePool};
use sea_orm::{DatabaseConnection, DbBackend, SqlxPostgresConnector, SqlxSqliteConnector};

use crate::kernel::clock::Clock;
use crate::kernel::ids::Ids;

use super::error::{Error, Outage};
use super::faults::FaultHook;
use super::session::Session;
use super::settings::{DatabaseSettings, Process};
use super::statements::Statements;
use super::tx::Tx;
use super::url::Address;
use super::{metrics, postgres, schema, sqlite};

/// The database of one process. Clones share its connections.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    process: Process,
    pools: Pools,
    read: DatabaseConnection,
    limits: Limits,
    faults: FaultHook,
    statements: Statements,
    jitter: Ids,
    /// What kept the last transaction from writing; none once one has committed.
    hindrance: Mutex<Option<Outage>>,
}

enum Pools {
    Postgres(PgPool),
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
}

/// The time limits of transactions.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub tx_timeout: Duration,
    pub bulk_timeout: Duration,
}

impl Db {
    /// Opens the database, and tries it, so that wrong settings are told at the start.
    ///
    /// # Errors
    /// [`Error::Connect`] with one message that says what to do. The schema is checked by [`Db::check_schema`].
    pub async fn connect(settings: &DatabaseSettings, process: Process) -> Result<Self, Error> {
        let pools = match settings.url.expose().parse()? {
            Address::Postgres(address) => {
                Pools::Postgres(postgres::open(&address, settings, process).await?)
            }
            Address::Sqlite(path) => {
                let (writer, readers) = sqlite::open(&path, settings, process).await?;
                Pools::Sqlite { writer, readers }
            }
        };
        Ok(Self::new(pools, settings, process))
    }

    fn new(pools: Pools, settings: &DatabaseSettings, process: Process) -> Self {
        let mut read = match &pools {
            Pools::Postgres(pool) => SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone()),
            Pools::Sqlite { readers, .. } => {
                SqlxSqliteConnector::from_sqlx_sqlite_pool(readers.clone())
            }
        };
        let statements = Statements::default();
        let noted = statements.clone();
        read.set_metric_callback(move |info| noted.note(&info.statement.sql));
        Self(Arc::new(Inner {
            process,
            pools,
            read,
            limits: Limits {
                tx_timeout: settings.tx_timeout,
                bulk_timeout: settings.bulk_timeout,
            },
            faults: settings.faults.clone(),
            statements,
            jitter: Ids::system(Clock::system()),
            hindrance: Mutex::default(),
        }))
    }

    /// Tells which process this is.
    pub fn process(&self) -> Process {
        self.0.process
    }

    /// Tells which database this is.
    pub fn backend(&self) -> DbBackend {
        match &self.0.pools {
            Pools::Postgres(_) => DbBackend::Postgres,
            Pools::Sqlite { .. } => DbBackend::Sqlite,
        }
    }

    /// Gives the connections for reading outside a transaction. On SQLite they refuse to write.
    pub fn read(&self) -> &DatabaseConnection {
        &self.0.read
    }

    /// Gives the fault hook, for tests.
    pub fn faults(&self) -> &FaultHook {
        &self.0.faults
    }

    /// Gives the statements that are sent, for tests.
    pub fn statements(&self) -> &Statements {
        &self.0.statements
    }

    /// Checks that the schema is the one this program was built for.
    ///
    /// # Errors
    /// [`Error::Schema`] with what to type, or a storage error.
    pub async fn check_schema(&self) -> Result<(), Error> {
        schema::check(&self.0.read).await
    }

    /// Measures the use of the connections for as long as the process lives. Call it once.
    pub fn measure(&self) {
        match &self.0.pools {
            Pools::Postgres(pool) => {
                let pool = pool.clone();
                metrics::pool("all", move || use_of(pool.size(), pool.num_idle()));
            }
            Pools::Sqlite { writer, readers } => {
                for (name, pool) in [("writer", writer.clone()), ("readers", readers.clone())] {
                    metrics::pool(name, move || use_of(pool.size(), pool.num_idle()));
                }
            }
        }
    }

    /// Closes every connection and waits for that, so that SQLite's `-wal` file is folded in.
    pub async fn close(&self) {
        match &self.0.pools {
            Pools::Postgres(pool) => pool.close().await,
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }

    /// Gives what kept the last transaction from writing.
    pub(super) fn hindrance(&self) -> MutexGuard<'_, Option<Outage>> {
        (self.0.hindrance.lock()).unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn limits(&self) -> Limits {
        self.0.limits
    }

    pub(super) fn jitter(&self) -> &Ids {
        &self.0.jitter
    }

    /// Takes the connection that writes and begins a transaction on it.
    pub(super) async fn begin<'a>(&self, bulk: bool) -> Result<Tx<'a>, Error> {
        match &self.0.pools {
            Pools::Postgres(pool) => {
                let session = pool
                    .acquire()
                    .await
                    .map_err(|error| pool_error(error.into(), pool.size(), pool))?;
                let limit = bulk.then_some(self.0.limits.bulk_timeout);
                Tx::begin(
                    Session::Postgres(session),
                    self.0.process,
                    self.0.statements.clone(),
                    postgres::begin_sql(limit),
                    Duration::ZERO,
                )
                .await
            }
            Pools::Sqlite { writer, .. } => {
                let session = writer.acquire().await?;
                Tx::begin(
                    Session::Sqlite(session),
                    self.0.process,
                    self.0.statements.clone(),
                    sqlite::BEGIN.to_owned(),
                    sqlite::BUSY_TIMEOUT,
                )
                .await
            }
        }
    }
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db")
            .field("process", &self.0.process)
            .finish_non_exhaustive()
    }
}

/// Gives how many of the open connections are in use, and how many are not.
fn use_of(open: u32, idle: usize) -> (u32, u32) {
    let idle = u32::try_from(idle).unwrap_or(open).min(open);
    (open - idle, idle)
}

/// Tells a full pool from a server that refuses connections: the driver waits for both until the same time-out.
fn pool_error(error: Error, open: u32, pool: &PgPool) -> Error {
    let full = open >= pool.options().get_max_connections();
    match error {
        Error::Unavailable(Outage::PoolExhausted) if !full => {
            Error::Unavailable(Outage::Disconnected(None))
        }
        error => error,
    }
}
