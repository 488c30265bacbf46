//! `redress migrate`: brings the database's schema and grants up to date. Nothing else ever migrates.

use clap::Args;

use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::problem::{Outcome, Problem};
use crate::db::{self, migrate};
use crate::kernel::secrets::Secret;

/// Flags of `migrate`.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Only show which steps the database has.
    #[arg(long)]
    status: bool,
}

/// Which database.
#[derive(Debug, Args)]
pub struct DatabaseArgs {
    /// The database: postgres://OWNER:PASSWORD@HOST/NAME or sqlite:PATH.
    #[arg(long, env = "REDRESS_DATABASE_URL", hide_env_values = true, value_name = "URL", value_parser = secret, conflicts_with = "database_url_file")]
    database_url: Option<Url>,
    /// A file with that address, so that the password stands in no process list.
    #[arg(long, env = "REDRESS_DATABASE_URL_FILE", value_name = "FILE")]
    database_url_file: Option<std::path::PathBuf>,
}

/// A database's address on the command line; it may hold a password.
#[derive(Clone, Debug)]
pub struct Url(std::sync::Arc<Secret<String>>);

impl Url {
    /// Gives the address.
    pub fn secret(&self) -> Secret<String> {
        Secret::new(self.0.expose().clone())
    }
}

/// Takes a database's address from the command line.
pub fn secret(text: &str) -> Result<Url, std::convert::Infallible> {
    Ok(Url(std::sync::Arc::new(Secret::new(text.to_owned()))))
}

/// Migrates, or shows what would be done.
pub async fn run(session: &Session, args: MigrateArgs) -> Outcome {
    let url = args.database.url()?;
    if args.status {
        let steps = migrate::status(&url)
            .await
            .map_err(|error| problem(&error))?;
        let rows = steps.iter().map(|step| {
            Record::new()
                .with("step", step.name.as_str())
                .with("applied", step.applied)
                .with("known", step.known)
                .with("programs_run_since", step.runs_since.unwrap_or_default())
        });
        return render::many(
            session.format,
            &rows.collect::<Vec<_>>(),
            "this program knows no steps",
        );
    }
    let applied = migrate::up(&url).await.map_err(|error| problem(&error))?;
    let rows: Vec<Record> = applied
        .iter()
        .map(|step| Record::new().with("applied", step.as_str()))
        .collect();
    render::many(session.format, &rows, "the schema is up to date")
}

fn problem(error: &db::Error) -> Problem {
    Problem::usage(format!("cannot migrate: {error}"))
}

impl DatabaseArgs {
    /// Gives the address.
    pub fn url(&self) -> Result<Secret<String>, Problem> {
        if let Some(path) = &self.database_url_file {
            let text =
                std::fs::read_to_string(path).map_err(|error| Problem::file(path, &error))?;
            return Ok(Secret::new(text.trim_end().to_owned()));
        }
        let missing =
            || Problem::usage("say which database: --database-url or REDRESS_DATABASE_URL");
        self.database_url
            .as_ref()
            .map(Url::secret)
            .ok_or_else(missing)
    }
}
