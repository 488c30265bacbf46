//! `redress bench`: how fast the real processes are, beside the least that the same work costs the database.

mod table;

use clap::{Args, Subcommand};

use crate::cli::session::Session;
use crate::cli::{ask, migrate, progress};
use crate::client::problem::{Outcome, Problem};
use crate::lab::bench::letters::{Settings, measure};

/// Subcommands of `bench`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Roster import, code issue and print file, beside COPY of the same rows into the same indexed tables.
    #[command(after_long_help = LETTERS_HELP)]
    Letters(LettersArgs),
}

const LETTERS_HELP: &str = "Writes a roster of invented people, and for each round makes a database of its own, starts the processes on it, imports the \
roster, issues the codes and writes the print file, all over mTLS. Then the floor: the same rows go into empty tables of another database with the \
same indexes, by COPY on PostgreSQL and by prepared INSERTs in one transaction on SQLite, and are read back by COPY OUT or SELECT. The floor keeps its indexes \
row by row.

On PostgreSQL the databases redress_bench_system and redress_bench_floor are made and dropped, so the login must be allowed to make databases; \
those of these names are dropped first. At four million people a round takes some minutes and several gigabytes of disk, for the rows are there three times.

Ratios hold on a quiet machine only: the share of idle processors before and after is printed with them.

Examples:
  redress bench letters
  redress bench letters --people 400000 --rounds 3 --database-url postgres://postgres@localhost/postgres
  redress bench letters --people 4000000 --rounds 1 --format json --database-url postgres://postgres@localhost/postgres";

/// Flags of `bench letters`.
#[derive(Debug, Args)]
pub struct LettersArgs {
    /// How many people.
    #[arg(long, default_value_t = 100_000, value_name = "N", value_parser = clap::value_parser!(u64).range(100..=20_000_000))]
    people: u64,
    /// How often both are measured.
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=20))]
    rounds: u32,
    /// A PostgreSQL on which databases can be made, instead of SQLite files: postgres://OWNER:PASSWORD@HOST/NAME.
    #[arg(long, env = "REDRESS_DATABASE_URL", hide_env_values = true, value_name = "URL", value_parser = migrate::secret)]
    database_url: Option<migrate::Url>,
}

/// Runs a subcommand.
pub async fn run(session: &Session, command: Command) -> Outcome {
    match command {
        Command::Letters(args) => letters(session, &args).await,
    }
}

async fn letters(session: &Session, args: &LettersArgs) -> Outcome {
    let rounds = args.rounds;
    let settings = Settings {
        people: args.people,
        rounds,
        database_url: args.database_url.as_ref().map(migrate::Url::secret),
    };
    let begin_round = |number| ask::note(&format!("round {number} of {rounds}"));
    let stop = async {
        let _ = tokio::signal::ctrl_c().await;
        Problem::refused("interrupted")
    };
    let report = measure(&settings, begin_round, stop, progress::show).await?;
    table::print(&report, session.format)
}
