//! `redress bench`: how fast the real processes are, beside the least that the same work costs the database, and how well they tell people
//! apart.

mod resolution_table;
mod table;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::session::Session;
use crate::cli::{ask, migrate, progress};
use crate::client::problem::{Outcome, Problem};
use crate::lab::bench::{letters, resolution};

/// Subcommands of `bench`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Roster import, code issue and print file, beside COPY of the same rows into the same indexed tables.
    #[command(after_long_help = LETTERS_HELP)]
    Letters(LettersArgs),
    /// How well a roster import tells people apart, beside a roster of which it is known who is who.
    #[command(after_long_help = RESOLUTION_HELP)]
    Resolution(ResolutionArgs),
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

const RESOLUTION_HELP: &str = "Writes a roster of invented people with families, twins, fathers and sons of one name, strangers of one name, shared numbers and \
fillers, in which three people in ten are listed at two clinics or three, half of the further listings with a slip. Starts the processes, imports the roster, finds the \
individual of each row and reads the review list, all over mTLS. Then it counts pairs of rows: those of one person that were merged, are on the review list or were \
missed, by slip, and those of two people that were taken for one.

Errors differ in weight: somebody who is wrongly merged gets no letter, a pair that is missed costs one letter too many.

The file of --pairs has two lines for each pair that is missed, wrongly merged or wrongly on the review list: the two rows as they stand in the roster.

Examples:
  redress bench resolution
  redress bench resolution --people 20000 --without-ssn
  redress bench resolution --seed 7 --pairs wrong.csv --database-url postgres://postgres@localhost/postgres";

/// Flags of `bench resolution`.
#[derive(Debug, Args)]
pub struct ResolutionArgs {
    /// How many people.
    #[arg(long, default_value_t = 100_000, value_name = "N", value_parser = clap::value_parser!(u64).range(100..=900_000))]
    people: u64,
    /// Repeats the same roster.
    #[arg(long, default_value_t = 1, value_name = "SEED")]
    seed: u64,
    /// Leaves the column of SSNs empty.
    #[arg(long)]
    without_ssn: bool,
    /// Where to write down the pairs about which something is wrong.
    #[arg(long, value_name = "FILE")]
    pairs: Option<PathBuf>,
    /// A PostgreSQL on which databases can be made, instead of SQLite files: postgres://OWNER:PASSWORD@HOST/NAME.
    #[arg(long, env = "REDRESS_DATABASE_URL", hide_env_values = true, value_name = "URL", value_parser = migrate::secret)]
    database_url: Option<migrate::Url>,
}

/// Runs a subcommand.
pub async fn run(session: &Session, command: Command) -> Outcome {
    match command {
        Command::Letters(args) => run_letters(session, &args).await,
        Command::Resolution(args) => run_resolution(session, args).await,
    }
}

async fn run_letters(session: &Session, args: &LettersArgs) -> Outcome {
    let rounds = args.rounds;
    let settings = letters::Settings {
        people: args.people,
        rounds,
        database_url: args.database_url.as_ref().map(migrate::Url::secret),
    };
    let begin_round = |number| ask::note(&format!("round {number} of {rounds}"));
    let report = letters::measure(&settings, begin_round, interrupted(), progress::show).await?;
    table::print(&report, session.format)
}

async fn run_resolution(session: &Session, args: ResolutionArgs) -> Outcome {
    let settings = resolution::Settings {
        people: args.people,
        seed: args.seed,
        without_ssn: args.without_ssn,
        database_url: args.database_url.as_ref().map(migrate::Url::secret),
        pairs: args.pairs,
    };
    let resolved = resolution::measure(&settings, interrupted(), progress::show).await?;
    resolution_table::print(&resolved, session.format)
}

async fn interrupted() -> Problem {
    let _ = tokio::signal::ctrl_c().await;
    Problem::refused("interrupted")
}
