//! `redress audit`: the log of who did what.

use clap::{Args, Subcommand};
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::cli::ask;
use crate::cli::migrate;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::problem::{Outcome, Problem};
use crate::db::audit_log;
use crate::kernel::clock::{Clock, Timestamp};

/// Why it asks.
pub const HELP: &str = "Runs as the owner of the database: no process may delete from the audit log. Without this command it is kept for ever. \
HIPAA asks for six years of documentation (45 CFR 164.316(b)(2)(i)), and an accounting of disclosures reaches back as long (164.528): what is \
younger is deleted with --younger-than-six-years only.

Example:
  redress audit prune --before 2019-01-01 --database-url postgres://OWNER:PASSWORD@HOST/NAME";

/// Subcommands of `audit`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Delete the events before a day.
    #[command(after_long_help = HELP)]
    Prune(PruneArgs),
}

/// Flags of `audit prune`.
#[derive(Debug, Args)]
pub struct PruneArgs {
    /// The first day that is kept, in UTC.
    #[arg(long, value_name = "DATE")]
    before: Date,
    /// Delete what is younger than six years too.
    #[arg(long)]
    younger_than_six_years: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    database: migrate::DatabaseArgs,
}

/// Runs a subcommand.
pub async fn run(session: &Session, command: Command) -> Outcome {
    let Command::Prune(args) = command;
    let url = args.database.url()?;
    let wrong = || Problem::usage("--before: the day is out of reach");
    let today = Clock::system().now().date_in(&TimeZone::UTC);
    let kept_from = today.ok().and_then(|day| day.checked_sub(6.years()).ok());
    let kept_from = kept_from.ok_or_else(wrong)?;
    if args.before > kept_from && !args.younger_than_six_years {
        return Err(Problem::usage(format!(
            "events from {kept_from} on are younger than six years (45 CFR 164.316(b)(2)(i)): give an earlier day, or --younger-than-six-years"
        )));
    }
    let question = format!(
        "Delete what the audit log says of the time before {}? It cannot be brought back.",
        args.before
    );
    if !args.yes && !ask::yes(&question)? {
        return Err(Problem::refused("nothing was deleted"));
    }
    let midnight = format!("{}T00:00:00Z", args.before);
    let before: Timestamp = midnight.parse().map_err(|_| wrong())?;
    let deleted = audit_log::prune(&url, before).await;
    let deleted = deleted.map_err(|error| Problem::usage(format!("cannot delete: {error}")))?;
    render::one(session.format, &Record::new().with("deleted", deleted))
}
