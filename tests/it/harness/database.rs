//! A database for each test, of either kind.
//!
//! A test with `#[apply(both)]` runs twice, as `name::case_1_sqlite` and `name::case_2_postgres`:
//!
//! ```ignore
//! #[apply(both)]
//! async fn a_code_is_redeemed_once(database: Database) { .. }
//! ```
//!
//! Where PostgreSQL's programs are not installed its tests pass without doing anything, and the run ends with a line
//! that says so; with `REDRESS_TEST_REQUIRE_POSTGRES=1` they fail instead.

use redress::db::{DatabaseSettings, Db, Process};
use redress::kernel::secrets::Secret;
use redress::kernel::settings::{self, ProcessSettings};
use redress::{codes, handoff, identity};
use rstest_reuse::template;
use sea_orm::{ConnectOptions, DatabaseConnection};

use super::{cluster, postgres, sqlite};

// The expression of a case becomes part of that case's test, so `return` ends the test.
#[template]
#[rstest::rstest]
#[case::sqlite(crate::harness::Database::sqlite().await)]
#[case::postgres({
    let Some(database) = crate::harness::Database::postgres().await else {
        return;
    };
    database
})]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both(#[case] database: crate::harness::Database) {}

/// A database of its own for one test. It is gone when this is dropped.
pub struct Database {
    pub(super) url: String,
    pub(super) home: Home,
}

/// Where the database lives.
pub(super) enum Home {
    Sqlite(tempfile::TempDir),
    Postgres {
        name: String,
        cluster: &'static cluster::Cluster,
    },
}

impl Database {
    /// Makes an SQLite database with the schema.
    pub async fn sqlite() -> Self {
        sqlite::migrated().await
    }

    /// Names an SQLite file that is not there yet.
    pub fn sqlite_without_file() -> Self {
        sqlite::without_file()
    }

    /// Makes a PostgreSQL database with the schema, or `None` where PostgreSQL is not installed.
    pub async fn postgres() -> Option<Self> {
        postgres::migrated().await
    }

    /// Makes a PostgreSQL database without a schema.
    pub async fn postgres_without_schema() -> Option<Self> {
        postgres::empty().await
    }

    /// Gives the owner's URL.
    pub fn url(&self) -> Secret<String> {
        Secret::new(self.url.clone())
    }

    /// Tells whether this is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        matches!(self.home, Home::Postgres { .. })
    }

    /// Gives the folder with the SQLite file and what SQLite keeps beside it.
    pub fn folder(&self) -> Option<&std::path::Path> {
        match &self.home {
            Home::Sqlite(folder) => Some(folder.path()),
            Home::Postgres { .. } => None,
        }
    }

    /// Gives the settings with which a process opens it when it is told nothing but where it is.
    pub fn settings(&self, process: Process) -> DatabaseSettings {
        let service = match process {
            Process::Identity => self.told::<identity::Settings>().service,
            Process::Codes => self.told::<codes::Settings>().service,
            Process::Handoff => self.told::<handoff::Settings>().service,
        };
        service.database
    }

    fn told<S: ProcessSettings>(&self) -> S {
        let given = ["--tls-ca=a", "--tls-cert=b", "--tls-key=c", "--keyring=d"];
        let given = given.into_iter().map(str::to_owned);
        let url = format!("--database-url={}", self.url);
        started(settings::load(given.chain([url]), []))
    }

    /// Opens it as one of the processes.
    pub async fn open(&self, process: Process) -> Db {
        Db::connect(&self.settings(process), process)
            .await
            .expect("the database opens")
    }

    /// Opens it with every right, to look behind the scenes.
    pub async fn owner(&self) -> DatabaseConnection {
        let mut options = ConnectOptions::new(&self.url);
        options.max_connections(2).sqlx_logging(false);
        sea_orm::Database::connect(options)
            .await
            .expect("the owner connects")
    }
}

/// The settings of a process that was told what it needs.
pub fn started<S>(loaded: Result<settings::Outcome<S>, settings::Problems>) -> S {
    match loaded {
        Ok(settings::Outcome::Start(settings)) => *settings,
        Ok(settings::Outcome::Print(text)) => panic!("{text}"),
        Err(problems) => panic!("{problems}"),
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Home::Postgres { name, cluster } = &self.home {
            cluster.forget(name);
        }
    }
}
