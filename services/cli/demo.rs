//! `redress demo`: a whole campaign with invented people, and a check of it by somebody else's books.

mod table;

use std::time::Duration;

use clap::Args;

use crate::cli::session::Session;
use crate::cli::{ask, migrate, progress};
use crate::client::problem::{Outcome, Problem};
use crate::lab::demo::environment::{Environment, first_death};
use crate::lab::demo::run::{self, Settings};

/// Flags of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// How many people.
    #[arg(long, default_value_t = 2_000, value_name = "N")]
    people: u64,
    /// Repeats the same people and the same habits.
    #[arg(long, default_value_t = 1, value_name = "S")]
    seed: u64,
    /// The share of people with a letter who call.
    #[arg(long, default_value_t = 0.25, value_name = "SHARE", value_parser = share)]
    take_up: f64,
    /// Callers at the same time.
    #[arg(long, default_value_t = 32, value_name = "N")]
    at_once: usize,
    /// Use this PostgreSQL instead of an SQLite file: postgres://OWNER:PASSWORD@HOST/NAME.
    #[arg(long, env = "REDRESS_DATABASE_URL", hide_env_values = true, value_name = "URL", value_parser = migrate::secret, conflicts_with = "attach")]
    database_url: Option<migrate::Url>,
    /// Start nothing: run on what `redress up` or docker-compose started (--dir, or the addresses).
    #[arg(long)]
    attach: bool,
    /// Keep the directory with roster, letters, logs and database.
    #[arg(long)]
    keep: bool,
    /// How long to wait for the bureau, in seconds.
    #[arg(long, default_value_t = 180, value_name = "SECONDS")]
    patience: u64,
}

impl DemoArgs {
    fn settings(&self) -> Settings {
        Settings {
            people: self.people,
            seed: self.seed,
            take_up: permille(self.take_up),
            at_once: self.at_once,
            patience: Duration::from_secs(self.patience),
        }
    }
}

/// Runs the demonstration; fails if anything was lost, doubled, let in or left unsettled.
pub async fn run(session: &Session, args: DemoArgs) -> Outcome {
    let interrupted = || Problem::refused("interrupted");
    let attached = args
        .attach
        .then(|| session.connect.endpoints())
        .transpose()?;
    let database_url = args.database_url.as_ref().map(migrate::Url::secret);
    let (environment, mut stack) = tokio::select! {
        opened = Environment::open(attached, database_url, progress::show) => opened?,
        _ = tokio::signal::ctrl_c() => return Err(interrupted()),
    };
    let settings = args.settings();
    let summary = tokio::select! {
        summary = run::run(&environment, &settings, progress::show) => summary,
        problem = first_death(&mut stack) => Err(problem),
        _ = tokio::signal::ctrl_c() => Err(interrupted()),
    };
    let outcome = summary.and_then(|summary| {
        table::print(&summary, session.format)?;
        summary.verdict()
    });
    if let Some(stack) = &mut stack {
        stack.stop().await;
    }
    if outcome.is_ok() && !args.keep {
        let _ = std::fs::remove_dir_all(&environment.dir);
    } else {
        let dir = environment.dir.display();
        ask::note(&format!("files and logs are in {dir}"));
    }
    outcome
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text
        .parse()
        .map_err(|_| "a share such as 0.25".to_owned())?;
    if (0.0..=1.0).contains(&share) {
        Ok(share)
    } else {
        Err("a share between 0 and 1".to_owned())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share lies between 0 and 1"
)]
fn permille(share: f64) -> u32 {
    (share * 1_000.0).round() as u32
}
