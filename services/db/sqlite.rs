//! Opening SQLite.

use std::path::Path;
use std::time::Duration;

use sea_orm::sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sea_orm::sqlx::{self, ConnectOptions, SqlitePool};

use super::error::Error;
use super::settings::{DatabaseSettings, Process};

/// Versions before this can corrupt a WAL that several processes share (<https://www.sqlite.org/wal.html#walresetbug>).
const OLDEST: [u32; 3] = [3, 51, 3];
/// How long a transaction waits for another process's, and an opening connection for one that recovers the file.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(4);
/// How long a migrator waits for another one to end.
const MIGRATION_TIMEOUT: Duration = Duration::from_mins(1);
/// How long SQLite waits by itself before it is asked again. It looks for the file after 1, 2, 5, 10 and 15 ms and then ever more
/// rarely, so that it would miss the moments between the transactions of a bulk load.
const POLL_MS: &str = "33";
/// How long a bulk transaction leaves the file to others once it is committed. They look for a free file more often than that.
pub(super) const GAP: Duration = Duration::from_millis(20);
/// Begins a transaction as the one writer.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";
const STATEMENT_CACHE: usize = 200;
/// The page cache of the connection that loads rosters, 32 MiB as `PRAGMA cache_size` takes it: each row changes pages all over
/// the indexes. It fills only when that happens.
const ROSTER_CACHE: &str = "-32768";
/// More readers than this gain nothing on one file.
const MOST_READERS: u32 = 8;
/// A reader that nobody needs is closed after this; one always stays.
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);

/// Opens the connection that writes and those that read. The file must exist.
pub(super) async fn open(
    path: &Path,
    settings: &DatabaseSettings,
    process: Process,
) -> Result<(SqlitePool, SqlitePool), Error> {
    let writer = connect(path, writing(path, process), 1, settings).await?;
    check_version(&writer).await?;
    // Not opened read-only: that would keep it from the shared memory of the WAL. Each is a thread and a page cache.
    let readers = connect(
        path,
        options(path, false).pragma("query_only", "ON"),
        settings.max_connections.clamp(1, MOST_READERS),
        settings,
    )
    .await?;
    Ok((writer, readers))
}

/// Gives what the connection that writes is opened with.
pub fn writing(path: &Path, process: Process) -> SqliteConnectOptions {
    let options = options(path, false).pragma("busy_timeout", POLL_MS);
    match process {
        Process::Identity => options.pragma("cache_size", ROSTER_CACHE),
        _ => options,
    }
}

/// Opens one connection for the migrator, making the file if that is wanted.
pub(super) async fn open_owner(
    path: &Path,
    settings: &DatabaseSettings,
    create: bool,
) -> Result<SqlitePool, Error> {
    let options = options(path, create).busy_timeout(MIGRATION_TIMEOUT);
    let settings = DatabaseSettings {
        acquire_timeout: MIGRATION_TIMEOUT,
        ..settings.clone()
    };
    let pool = match connect(path, options, 1, &settings).await {
        Err(_) if create && !path.exists() => {
            let path = path.display();
            return Err(Error::Connect {
                message: format!(
                    "the database file {path} cannot be made: its directory must exist and this user must be able to write it"
                ),
            });
        }
        pool => pool?,
    };
    check_version(&pool).await?;
    Ok(pool)
}

fn options(path: &Path, create: bool) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(create)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        // What is erased must be gone from the file.
        .pragma("secure_delete", "ON")
        .pragma("trusted_schema", "OFF")
        .statement_cache_capacity(STATEMENT_CACHE)
        .disable_statement_logging()
}

async fn connect(
    path: &Path,
    options: SqliteConnectOptions,
    connections: u32,
    settings: &DatabaseSettings,
) -> Result<SqlitePool, Error> {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(settings.acquire_timeout)
        .min_connections(1)
        .idle_timeout(IDLE_TIMEOUT)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(options)
        .await
        .map_err(|error| explain(path, &error))
}

async fn check_version(pool: &SqlitePool) -> Result<(), Error> {
    let version: String = sqlx::query_scalar("SELECT sqlite_version()")
        .fetch_one(pool)
        .await?;
    if parse_version(&version) >= OLDEST {
        return Ok(());
    }
    Err(Error::Connect {
        message: format!(
            "SQLite {version} can corrupt a database that processes share: build with 3.51.3 or later"
        ),
    })
}

fn parse_version(text: &str) -> [u32; 3] {
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

fn explain(path: &Path, error: &sqlx::Error) -> Error {
    let missing = !path.exists();
    let path = path.display();
    let code = error
        .as_database_error()
        .and_then(|error| error.code()?.parse::<i32>().ok());
    let message = match code.map(|code| code & 0xff) {
        Some(14) if missing => {
            format!(
                "there is no database file {path}: type `redress migrate --database-url sqlite:{path}`"
            )
        }
        Some(26) => format!("{path} is not an SQLite database: correct the database URL"),
        Some(5 | 6) => {
            format!("the database file {path} is locked by another program: close that program")
        }
        _ => format!(
            "the database file {path} cannot be opened: this user must be able to read and write it and its directory"
        ),
    };
    Error::Connect { message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::secrets::Secret;

    #[tokio::test]
    async fn a_migrator_that_cannot_make_the_file_does_not_advise_itself() {
        let path = Path::new("/nowhere/redress.db");
        let url = Secret::new("sqlite:/nowhere/redress.db".to_owned());
        let settings = DatabaseSettings::new(url, Process::Codes);
        let error = open_owner(path, &settings, true).await.unwrap_err();
        let message = error.to_string();
        assert!(message.contains("its directory must exist"), "{message}");
        assert!(!message.contains("redress migrate"), "{message}");
    }

    #[test]
    fn versions_compare_by_number() {
        assert!(parse_version("3.51.3") >= OLDEST);
        assert!(parse_version("3.100.0") >= OLDEST);
        assert!(parse_version("3.51.2") < OLDEST);
        assert!(parse_version("3.9.9") < OLDEST);
    }
}
