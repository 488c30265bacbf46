//! Opening PostgreSQL.

use std::io::ErrorKind;
use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sea_orm::sqlx::{self, AssertSqlSafe, ConnectOptions, Connection, Executor, PgPool};
use tokio::time::{Instant, sleep, timeout};

use super::error::Error;
use super::settings::{DatabaseSettings, Process};

/// Connections idle for longer are tried before use: a proxy or a failover may have dropped them.
const TEST_WHEN_IDLE: Duration = Duration::from_secs(2);
/// Combined statements come in many lengths, and each is a statement of its own.
const STATEMENT_CACHE: usize = 400;
/// How soon a server that starts up is asked again.
const RETRY: Duration = Duration::from_millis(500);
/// How often it is said that the process waits for it.
const SAID_EVERY: Duration = Duration::from_secs(5);

/// Opens a pool after one connection has shown that the settings work.
pub(super) async fn open(
    address: &PgConnectOptions,
    settings: &DatabaseSettings,
    process: Process,
) -> Result<PgPool, Error> {
    let options = address
        .clone()
        .application_name(&format!("redress-{process}"))
        .statement_cache_capacity(STATEMENT_CACHE)
        .disable_statement_logging();
    let setup = session_sql(settings)?;
    let place = Place::of(&options, settings);
    reach(&options, &setup, settings)
        .await
        .map_err(|error| place.explain(error.as_ref()))?;
    Ok(pool_options(settings, setup).connect_lazy_with(options))
}

/// Opens one connection for the migrator.
pub(super) async fn open_owner(
    address: &PgConnectOptions,
    settings: &DatabaseSettings,
) -> Result<PgPool, Error> {
    let options = address
        .clone()
        .application_name("redress-migrate")
        .disable_statement_logging();
    let place = Place::of(&options, settings);
    try_once(&options, "SELECT 1", settings.acquire_timeout)
        .await
        .map_err(|error| place.explain(error.as_ref()))?;
    Ok(PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(settings.acquire_timeout)
        .connect_lazy_with(options))
}

fn pool_options(settings: &DatabaseSettings, setup: String) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(settings.max_connections)
        .acquire_timeout(settings.acquire_timeout)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for >= TEST_WHEN_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(move |connection, _| {
            let setup = setup.clone();
            Box::pin(async move { prepare(connection, &setup).await })
        })
}

async fn prepare(connection: &mut PgConnection, setup: &str) -> Result<(), sqlx::Error> {
    connection
        .execute(sqlx::raw_sql(AssertSqlSafe(setup)))
        .await
        .map(drop)
}

/// Gives what every connection is set to, in one round trip. Dropping a future does not stop its statement on the
/// server, so the server has time limits too.
///
/// Statements are planned once, for whatever values they are given: those are the plans that tests look at. Planned for the
/// values of one call, on a table that was just loaded and never analyzed, a page of it is cut from all of it, sorted.
///
/// A page costs the same wherever it lies: at the default, which is for disks that turn, a call about ten people reads a table of ten
/// thousand whole.
fn session_sql(settings: &DatabaseSettings) -> Result<String, Error> {
    let limit = settings.tx_timeout.as_millis();
    let limits = format!(
        "SET statement_timeout = {limit}; SET idle_in_transaction_session_timeout = {limit}; \
         SET plan_cache_mode = force_generic_plan; SET random_page_cost = 1.1"
    );
    match settings.role() {
        Some(role) => Ok(format!("{limits}; SET ROLE {}", quoted_role(role)?)),
        None => Ok(limits),
    }
}

fn quoted_role(role: &str) -> Result<String, Error> {
    let fits = !role.is_empty()
        && role
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if fits {
        Ok(format!("\"{role}\""))
    } else {
        Err(Error::Connect {
            message: "the database role's name may hold letters, digits, _ and - only".to_owned(),
        })
    }
}

/// Gives the statement that begins a transaction, with a longer time limit for its statements if one is wanted.
pub(super) fn begin_sql(limit: Option<Duration>) -> String {
    const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
    match limit {
        Some(limit) => {
            let limit = limit.as_millis();
            format!(
                "{BEGIN}; SET LOCAL statement_timeout = {limit}; SET LOCAL idle_in_transaction_session_timeout = {limit}"
            )
        }
        None => BEGIN.to_owned(),
    }
}

/// Opens a connection and closes it. A server that is starting up, or recovers from a crash, is waited for.
async fn reach(
    options: &PgConnectOptions,
    setup: &str,
    settings: &DatabaseSettings,
) -> Result<(), Option<sqlx::Error>> {
    let deadline = Instant::now() + settings.startup_timeout;
    let mut next_word = Instant::now();
    loop {
        let Err(error) = try_once(options, setup, settings.acquire_timeout).await else {
            return Ok(());
        };
        let now = Instant::now();
        if !is_starting(error.as_ref()) || now >= deadline {
            return Err(error);
        }
        if now >= next_word {
            next_word = now + SAID_EVERY;
            let seconds_left = (deadline - now).as_secs();
            tracing::warn!(
                host = options.get_host(),
                port = options.get_port(),
                seconds_left,
                "PostgreSQL is starting up; waiting for it"
            );
        }
        sleep(RETRY).await;
    }
}

fn is_starting(error: Option<&sqlx::Error>) -> bool {
    let state = error.and_then(|error| error.as_database_error()?.code());
    state.is_some_and(|state| state == "57P03")
}

async fn try_once(
    options: &PgConnectOptions,
    setup: &str,
    limit: Duration,
) -> Result<(), Option<sqlx::Error>> {
    let attempt = async {
        let mut connection = PgConnection::connect_with(options).await?;
        prepare(&mut connection, setup).await?;
        connection.close().await
    };
    timeout(limit, attempt)
        .await
        .map_err(|_| None)?
        .map_err(Some)
}

/// Tells whether a connection failed at TLS. A certificate that rustls refuses comes as an I/O error with its error in it.
fn is_of_tls(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Tls(_) => true,
        sqlx::Error::Io(error) => error
            .get_ref()
            .is_some_and(<dyn std::error::Error + Send + Sync>::is::<tokio_rustls::rustls::Error>),
        _ => false,
    }
}

/// Tells whether a file of the settings is missing. Over TCP nothing else gives this error.
fn is_missing_file(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(error) if error.kind() == ErrorKind::NotFound)
}

/// Where a connection goes, for messages. It holds no password.
struct Place {
    host: String,
    user: String,
    database: String,
    role: String,
    tcp: bool,
}

impl Place {
    fn of(options: &PgConnectOptions, settings: &DatabaseSettings) -> Self {
        Self {
            host: format!("{}:{}", options.get_host(), options.get_port()),
            user: options.get_username().to_owned(),
            database: options
                .get_database()
                .unwrap_or_else(|| options.get_username())
                .to_owned(),
            role: settings.role().unwrap_or_default().to_owned(),
            tcp: options.get_socket().is_none() && !options.get_host().starts_with('/'),
        }
    }

    /// Says what is wrong and what to do about it. `None` means that no answer came in time.
    fn explain(&self, error: Option<&sqlx::Error>) -> Error {
        let Self {
            host,
            user,
            database,
            role,
            ..
        } = self;
        let state = error.and_then(|error| error.as_database_error()?.code().map(String::from));
        let message = match state.as_deref() {
            Some("28P01" | "28000") => {
                format!(
                    "PostgreSQL at {host} refused user {user}: correct the user or the password in the database URL"
                )
            }
            Some("3D000") => {
                format!(
                    "PostgreSQL at {host} has no database {database}: create it, then type `redress migrate --database-url ...`"
                )
            }
            Some("22023" | "42704") => {
                format!(
                    "database {database} at {host} has no role {role}: type `redress migrate --database-url ...` as its owner"
                )
            }
            Some("42501") => {
                format!(
                    "user {user} may not take the role {role}: as the owner of {database}, type `GRANT {role} TO {user}`"
                )
            }
            Some("57P03") => {
                format!("PostgreSQL at {host} is still starting up (57P03): try again when it has")
            }
            Some(state) => {
                format!("PostgreSQL at {host} is not ready ({state}): try again when it is")
            }
            None if error.is_some_and(is_of_tls) => {
                format!(
                    "PostgreSQL at {host} answers, and its certificate or TLS is refused: correct sslmode and sslrootcert in the database URL. \
                     A certificate of X.509 version 1, as old set-ups made them, is never taken: make a new one"
                )
            }
            None if self.tcp && error.is_some_and(is_missing_file) => {
                format!(
                    "a file for TLS with PostgreSQL at {host} is missing: correct sslrootcert, sslcert or sslkey in the database URL"
                )
            }
            None => format!(
                "PostgreSQL at {host} does not answer: start it, or correct the database URL"
            ),
        };
        Error::Connect { message }
    }
}
