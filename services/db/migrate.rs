//! Making and changing the schema: what `redress migrate` does.
//!
//! Everything happens in one transaction, so that a migrator that dies leaves nothing behind, and one migrator works at
//! a time: on PostgreSQL an advisory lock keeps the others waiting, on SQLite the write lock does. Services never
//! migrate; they check, and refuse to start where they cannot run.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode,
    SqlxPostgresConnector, SqlxSqliteConnector, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;

use crate::kernel::secrets::Secret;

use super::error::Error;
use super::migrations::{self, Migrator};
use super::settings::{DatabaseSettings, Process};
use super::url::Address;
use super::{grants, postgres, rights, schema, sqlite};

/// The advisory lock that migrators of one database take: "redress" in ASCII.
const LOCK: i64 = 0x0072_6564_7265_7373;

/// What a step of the schema is to a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepStatus {
    /// The step's name.
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
    /// Whether this program knows it.
    pub known: bool,
    /// The oldest step whose program still runs once this one is applied, where this program knows it.
    pub runs_since: Option<&'static str>,
}

/// Brings the schema and the grants up to date, making an SQLite file that is not there. Gives the steps applied now.
///
/// `url` must name the owner of the database: on PostgreSQL a role that may create tables and roles.
///
/// # Errors
/// [`Error::Connect`] with what to do, [`Error::Schema`] where the database is newer than this program.
pub async fn up(url: &Secret<String>) -> Result<Vec<String>, Error> {
    up_to(url, None).await
}

/// As [`up`], with so many steps only: what an older program left behind.
///
/// # Errors
/// As [`up`].
pub async fn up_to(url: &Secret<String>, steps: Option<u32>) -> Result<Vec<String>, Error> {
    let connection = open(url, true).await?;
    let result = checked_up(&connection, steps).await;
    connection.close().await?;
    result
}

/// Checks that this login may take on the role of every process, as it must where they all log in as the owner.
///
/// # Errors
/// [`Error::Connect`] with what a superuser has to type.
pub async fn check_member(url: &Secret<String>) -> Result<(), Error> {
    let connection = open(url, false).await?;
    let result = match connection.get_database_backend() {
        DbBackend::Postgres => rights::check_member(&connection).await,
        _ => Ok(()),
    };
    connection.close().await?;
    result
}

async fn checked_up(
    connection: &DatabaseConnection,
    steps: Option<u32>,
) -> Result<Vec<String>, Error> {
    if connection.get_database_backend() == DbBackend::Postgres {
        rights::check_owner(connection).await?;
    }
    up_on(connection, steps).await
}

/// Lists the steps of the schema, those that only the database knows last.
///
/// # Errors
/// As [`up`].
pub async fn status(url: &Secret<String>) -> Result<Vec<StepStatus>, Error> {
    let connection = open(url, false).await?;
    let applied = match schema::applied(&connection).await {
        Err(Error::Schema { .. }) => Ok(Vec::new()),
        other => other,
    };
    connection.close().await?;
    Ok(list(&applied?))
}

fn list(applied: &[String]) -> Vec<StepStatus> {
    let known = migrations::support().map(|(name, runs_since)| StepStatus {
        name: name.to_owned(),
        applied: applied.iter().any(|version| version == name),
        known: true,
        runs_since: Some(runs_since),
    });
    let unknown = applied
        .iter()
        .filter(|version| !migrations::names().any(|name| name == *version))
        .map(|version| StepStatus {
            name: version.clone(),
            applied: true,
            known: false,
            runs_since: None,
        });
    known.chain(unknown).collect()
}

/// Opens the database as its owner, or as whoever the address names.
pub(super) async fn open(url: &Secret<String>, create: bool) -> Result<DatabaseConnection, Error> {
    // The migrator is no process: of these settings only the time limits count.
    let settings = DatabaseSettings {
        role: None,
        ..DatabaseSettings::new(url.clone(), Process::Codes)
    };
    match url.expose().parse()? {
        Address::Postgres(address) => {
            let pool = postgres::open_owner(&address, &settings).await?;
            Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
        }
        Address::Sqlite(path) => {
            let pool = sqlite::open_owner(&path, &settings, create).await?;
            Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
        }
    }
}

async fn up_on(connection: &DatabaseConnection, steps: Option<u32>) -> Result<Vec<String>, Error> {
    let tx = begin(connection).await?;
    let before = match Migrator::install(&tx).await {
        Ok(()) => schema::applied(&tx).await?,
        Err(error) => return Err(error.into()),
    };
    schema::refuse_newer(&before)?;
    Migrator::up(&tx, steps).await?;
    let mut applied = schema::applied(&tx).await?;
    schema::write_support(&tx, &applied).await?;
    // The grants are those of the whole schema.
    if tx.get_database_backend() == DbBackend::Postgres
        && migrations::names().all(|name| applied.iter().any(|it| it == name))
    {
        grants::apply(&tx).await?;
    }
    tx.commit().await?;
    applied.retain(|name| !before.contains(name));
    Ok(applied)
}

async fn begin(connection: &DatabaseConnection) -> Result<DatabaseTransaction, Error> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    let tx = connection.begin_with_options(options).await?;
    if tx.get_database_backend() == DbBackend::Postgres {
        tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK})"))
            .await?;
    }
    Ok(tx)
}
