//! `redress backup`: a copy of an SQLite database, taken while the services run.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use clap::Args;

use crate::cli::migrate;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::problem::{Outcome, Problem};
use crate::db::backup;

/// What it is for.
pub const HELP: &str = "The file is one database, as it stood at one moment, readable by its owner only. The keyrings are not in it: back them up too, and keep \
the two apart. How to restore it, and what must be looked at then, stands in deploy/README.md, \"Backup\".

PostgreSQL has tools of its own: pg_dump --format=custom, or pg_basebackup with the log archived for every moment since.

Example:
  redress backup 2025-06-01.db --database-url sqlite:/var/lib/redress/redress.db";

/// Flags of `backup`.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// The file to write; it must not be there.
    file: PathBuf,
    #[command(flatten)]
    database: migrate::DatabaseArgs,
}

/// Writes the copy.
pub async fn run(session: &Session, args: BackupArgs) -> Outcome {
    let url = args.database.url()?;
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&args.file)
        .map_err(|error| Problem::file(&args.file, &error))?;
    let copied = backup::copy(&url, &args.file).await;
    let synced = copied
        .map_err(|error| Problem::usage(format!("cannot back up: {error}")))
        .and_then(|()| {
            let synced = file.sync_all();
            synced.map_err(|error| Problem::file(&args.file, &error))
        });
    if synced.is_err() {
        // Half a copy is none. What cannot be removed either is told by the first error.
        let _ = std::fs::remove_file(&args.file);
    }
    synced?;
    let file = args.file.display().to_string();
    render::one(session.format, &Record::new().with("file", file))
}
