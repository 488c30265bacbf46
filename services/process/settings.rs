//! What every service with a database is told.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::db::DatabaseSettings;
use crate::kernel::keyring::OLD_KEY_KEPT;
use crate::kernel::settings::{CommonSettings, duration, period};

/// What every service with a database is told.
#[derive(Clone, Debug, Args)]
pub struct ServiceSettings {
    /// What every process is told.
    #[command(flatten)]
    pub common: CommonSettings,
    /// The database.
    #[command(flatten)]
    pub database: DatabaseSettings,
    /// How long what piles up is kept.
    #[command(flatten)]
    pub retention: Retention,
    /// The file with this process's keys.
    #[arg(long, value_name = "PATH")]
    pub keyring: PathBuf,
}

/// How long the process keeps what piles up. The audit log is not among it: no process may delete from that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub struct Retention {
    /// How long a repeated request is recognised by its id. A key is retired after a week: with a longer time than that, one that
    /// comes again after its key was retired is refused as another request.
    #[arg(id = "request_retention", long, default_value = "7d", value_name = "DURATION", value_parser = period)]
    pub requests: Duration,
    /// How long a throttle is kept after it holds nobody back any more. Nothing depends on it then.
    #[arg(id = "throttle_retention", long, default_value = "0s", value_name = "DURATION", value_parser = duration)]
    pub throttles: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            requests: OLD_KEY_KEPT,
            throttles: Duration::ZERO,
        }
    }
}
