//! Fresh databases: two on a PostgreSQL server, or two SQLite files, made for each round and thrown away after it.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection};
use sea_orm::sqlx::{self, AssertSqlSafe, ConnectOptions, Connection};

use crate::client::problem::Problem;
use crate::kernel::secrets::Secret;
use crate::lab::processes::migrate;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The database of the processes.
    System,
    /// The database that is loaded by itself.
    Floor,
}

impl Side {
    const fn name(self) -> &'static str {
        match self {
            Self::System => "redress_bench_system",
            Self::Floor => "redress_bench_floor",
        }
    }
}

/// Where databases are made.
pub enum Databases {
    /// On this server.
    Postgres(Box<PgConnectOptions>),
    /// In this directory.
    Sqlite(PathBuf),
}

impl Databases {
    /// Takes the address of a server, or the directory for files.
    pub fn new(url: Option<&Secret<String>>, dir: &Path) -> Result<Self, Problem> {
        let Some(url) = url else {
            return Ok(Self::Sqlite(dir.to_owned()));
        };
        let wanted =
            || Problem::usage("--database-url must be postgres://OWNER:PASSWORD@HOST/NAME");
        if !url.expose().starts_with("postgres") {
            return Err(wanted());
        }
        let options = PgConnectOptions::from_str(url.expose()).map_err(|_| wanted())?;
        Ok(Self::Postgres(Box::new(
            options.disable_statement_logging(),
        )))
    }

    /// Names the database as reports do.
    pub const fn database(&self) -> &'static str {
        match self {
            Self::Postgres(_) => "PostgreSQL",
            Self::Sqlite(_) => "SQLite",
        }
    }

    /// Makes an empty database with the current schema and gives its address; drops an old one first.
    pub async fn fresh(&self, side: Side) -> Result<Secret<String>, Problem> {
        self.clear(side).await?;
        let url = match self {
            Self::Postgres(server) => {
                let name = name(server, side);
                self.execute(&format!("CREATE DATABASE \"{name}\"")).await?;
                server
                    .as_ref()
                    .clone()
                    .database(&name)
                    .to_url_lossy()
                    .to_string()
            }
            Self::Sqlite(_) => format!("sqlite:{}", self.file(side).display()),
        };
        let url = Secret::new(url);
        migrate::up(&url).await?;
        Ok(url)
    }

    /// Throws a database away.
    pub async fn clear(&self, side: Side) -> Result<(), Problem> {
        match self {
            Self::Postgres(server) => {
                let name = name(server, side);
                let sql = format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)");
                self.execute(&sql).await
            }
            Self::Sqlite(_) => {
                for ending in ["", "-wal", "-shm"] {
                    let mut file = self.file(side).into_os_string();
                    file.push(ending);
                    let _ = std::fs::remove_file(file);
                }
                Ok(())
            }
        }
    }

    /// Opens one of the databases on PostgreSQL.
    pub async fn connect(server: &PgConnectOptions, side: Side) -> Result<PgConnection, Problem> {
        let options = server.clone().database(&name(server, side));
        PgConnection::connect_with(&options)
            .await
            .map_err(|error| failed(&error))
    }

    /// Gives the file of a database on SQLite.
    pub fn file(&self, side: Side) -> PathBuf {
        let dir = match self {
            Self::Postgres(_) => Path::new("."),
            Self::Sqlite(dir) => dir,
        };
        dir.join(side.name()).with_extension("db")
    }

    async fn execute(&self, sql: &str) -> Result<(), Problem> {
        let Self::Postgres(server) = self else {
            return Ok(());
        };
        let mut connection = PgConnection::connect_with(server)
            .await
            .map_err(|error| failed(&error))?;
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut connection)
            .await
            .map_err(|error| failed(&error))?;
        connection.close().await.map_err(|error| failed(&error))
    }
}

/// Names a database after the one that the address names, so that two measurements on one server do not meet.
fn name(server: &PgConnectOptions, side: Side) -> String {
    let of = server.get_database().unwrap_or_default().replace('"', "");
    format!("{}_{of}", side.name())
}

/// Reports an error of the database.
pub fn failed(error: &sqlx::Error) -> Problem {
    Problem::usage(format!("the database of the benchmark: {error}"))
}
