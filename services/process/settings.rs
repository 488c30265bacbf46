//! What every service with a database is told.

use std::path::PathBuf;

use clap::Args;

use crate::db::DatabaseSettings;
use crate::kernel::settings::CommonSettings;

/// What every service with a database is told.
#[derive(Clone, Debug, Args)]
pub struct ServiceSettings {
    /// What every process is told.
    #[command(flatten)]
    pub common: CommonSettings,
    /// The database.
    #[command(flatten)]
    pub database: DatabaseSettings,
    /// The file with this process's keys.
    #[arg(long, value_name = "PATH")]
    pub keyring: PathBuf,
}
