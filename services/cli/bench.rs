//! `redress bench`: how fast the real processes are, beside the least that the same work costs the database, how well they tell people
//! apart, and how well and how soon they decide who somebody is.

mod claims_table;
mod crashes_table;
mod drain_table;
mod files_table;
mod refusals_table;
mod resolution_table;
mod table;
mod verify_table;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::cli::session::Session;
use crate::cli::{ask, migrate, progress};
use crate::client::problem::{Outcome, Problem};
use crate::kernel::settings::period;
use crate::lab::bench::{claims, crashes, drain, files, letters, refusals, resolution, verify};

/// Subcommands of `bench`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Roster import, code issue and print file, beside COPY of the same rows into the same indexed tables.
    #[command(after_long_help = LETTERS_HELP)]
    Letters(LettersArgs),
    /// How well a roster import tells people apart, beside a roster of which it is known who is who.
    #[command(after_long_help = RESOLUTION_HELP)]
    Resolution(ResolutionArgs),
    /// Who is verified, referred and refused: true people with slips, impostors and thieves.
    #[command(after_long_help = CLAIMS_HELP)]
    Claims(ClaimsArgs),
    /// Whether refusals of VerifyIdentity can be told apart by their time or their bytes.
    #[command(after_long_help = REFUSALS_HELP)]
    Refusals(RefusalsArgs),
    /// How long VerifyIdentity takes, with a letter and by an agent, as the roster grows.
    #[command(after_long_help = VERIFY_HELP)]
    Verify(VerifyArgs),
    /// A night's file to a bureau, written and answered, and whether everybody is in it once.
    #[command(after_long_help = FILES_HELP)]
    Files(FilesArgs),
    /// How soon queues to bureaus are empty: pushed and pulled, while people enroll, behind orders that fail, after an outage.
    #[command(after_long_help = DRAIN_HELP)]
    Drain(DrainArgs),
    /// Who is lost or enrolled twice when services, bureaus and the database's connections are killed again and again.
    #[command(after_long_help = CRASHES_HELP)]
    Crashes(CrashesArgs),
}

const LETTERS_HELP: &str = "Writes a roster of invented people, and for each round makes a database of its own, starts the processes on it, imports the \
roster, issues the codes and writes the print file, all over mTLS. Then the floor: the same rows go into empty tables of another database with the \
same indexes, by COPY on PostgreSQL and by prepared INSERTs in one transaction on SQLite, and are read back by COPY OUT or SELECT. The floor keeps its indexes \
row by row.

On PostgreSQL the databases redress_bench_system_NAME and redress_bench_floor_NAME are made and dropped, so the login must be allowed to make databases; \
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
    #[arg(long, default_value_t = 100_000, value_name = "N", value_parser = clap::value_parser!(u64).range(100..=750_000))]
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

const CLAIMS_HELP: &str = "Writes a roster of invented people, starts the processes, imports it, issues the codes and makes claims over mTLS, each with \
an answer known beforehand. True people claim with their letter and without it, six in ten right, the others with one slip or two: a typing error, a nickname, another \
family name, a wrong digit, digits not given, another ZIP code. Impostors have the letter and another person's data, a relative's or twin's, or the envelope with a birth \
date at random; or all data and no letter. Thieves have the envelope and the year of birth, and guess as long as the limits allow.

The people claimed about are adults who are on the roster once and as they are. A person's tries in an hour are set to 10, what a letter has in all its life, so that a \
life passes in one run, and refusals leave at once; every other limit is as it is by default.

Where what is asked of a line was not seen, the exit code is 1.

Examples:
  redress bench claims
  redress bench claims --claims 1000 --impostors 100 --format json
  redress bench claims --seed 7 --database-url postgres://postgres@localhost/postgres";

/// Flags of `bench claims`.
#[derive(Debug, Args)]
pub struct ClaimsArgs {
    /// How many claims true people make with their letter.
    #[arg(long, default_value_t = 100_000, value_name = "N", value_parser = clap::value_parser!(u32).range(100..=200_000))]
    claims: u32,
    /// How many claims impostors of each kind make; so many thieves there are too.
    #[arg(long, default_value_t = 10_000, value_name = "N", value_parser = clap::value_parser!(u32).range(10..=10_000))]
    impostors: u32,
    /// Repeats the same people, slips and guesses.
    #[arg(long, default_value_t = 1, value_name = "SEED")]
    seed: u64,
    /// A PostgreSQL on which databases can be made, instead of SQLite files: postgres://OWNER:PASSWORD@HOST/NAME.
    #[arg(long, env = "REDRESS_DATABASE_URL", hide_env_values = true, value_name = "URL", value_parser = migrate::secret)]
    database_url: Option<migrate::Url>,
}

const REFUSALS_HELP: &str = "Writes a roster of invented people, starts the processes, imports it, issues the codes, and makes claims that are refused, with a \
letter and without one, in random order: an unknown campaign, an unknown enrollment, a wrong birth date, another person's data, nobody on the list, and the same after too \
many tries. For each pair that must look alike it prints Welch's |t| of the times that the answers took, and whether code, message and details are the same bytes.

All is on this machine and ends by itself: eleven classes of N calls each. Where |t| is 4.5 or more or answers differ, the exit code is 1. Nothing else should run \
meanwhile; with a grid of 50ms and eight calls at once, 20,000 calls of each class take half an hour.

Examples:
  redress bench refusals
  redress bench refusals --calls 5000 --grid 0s
  redress bench refusals --calls 5000 --at-once 16 --format json --database-url postgres://postgres@localhost/postgres";

/// Flags of `bench refusals`.
#[derive(Debug, Args)]
pub struct RefusalsArgs {
    /// How many calls of each class are made.
    #[arg(long, default_value_t = 20_000, value_name = "N", value_parser = clap::value_parser!(u32).range(10..=100_000))]
    calls: u32,
    /// How many calls are made at once.
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=128))]
    at_once: u32,
    /// The setting refusal_grid of identity-verification, where it is not the default: 50ms, or 0s for none.
    #[arg(long, value_name = "DURATION")]
    grid: Option<String>,
    /// Repeats the same people and calls.
    #[arg(long, default_value_t = 1, value_name = "SEED")]
    seed: u64,
    /// A PostgreSQL on which databases can be made, instead of SQLite files: postgres://OWNER:PASSWORD@HOST/NAME.
    #[arg(long, env = "REDRESS_DATABASE_URL", hide_env_values = true, value_name = "URL", value_parser = migrate::secret)]
    database_url: Option<migrate::Url>,
}

const VERIFY_HELP: &str = "For each size of roster, the smallest first: writes invented people, starts the processes on a fresh database, imports them, issues \
and prints the codes, and begins an enrollment with as many letters as needed. Then, in rounds and one call after the other, over mTLS: VerifyIdentity by who has the \
letter; VerifyIdentity by an agent for somebody without one; one SELECT of a person by key; and a call that asks for nothing.

At four million people the preparation takes some minutes, several gigabytes of disk and as much of memory: the program keeps everybody's data to know what to claim.

Examples:
  redress bench verify
  redress bench verify --people 10000,4000000 --database-url postgres://postgres@localhost/postgres";

/// Flags of `bench verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// How many people, a roster each, with commas between them.
    #[arg(long, default_value = "10000,100000", value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(u64).range(1_000..=5_000_000))]
    people: Vec<u64>,
    /// How many calls of each kind are made on each roster.
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = clap::value_parser!(u32).range(10..=10_000))]
    calls: u32,
    /// Repeats the same people.
    #[arg(long, default_value_t = 1, value_name = "SEED")]
    seed: u64,
    /// A PostgreSQL on which databases can be made, instead of SQLite files: postgres://OWNER:PASSWORD@HOST/NAME.
    #[arg(long, env = "REDRESS_DATABASE_URL", hide_env_values = true, value_name = "URL", value_parser = migrate::secret)]
    database_url: Option<migrate::Url>,
}

const FILES_HELP: &str = "Writes a roster of invented people, starts the processes, imports it, and queues an order for everybody to a partner that is reached by \
files. Then it waits for the night's file, accepts half of its records, refuses a tenth and is silent about the others, waits for the second file, which must hold \
exactly these, and says that all who were not refused are active. It prints how long the files took, how much memory bureau-handoff held, and how many were lost, \
doubled or end otherwise than the bureau said; where that is not 0, the exit code is 1.

A file is read once nothing was written to it for five seconds: they are in the seconds of an answer.

Examples:
  redress bench files --people 10000
  redress bench files --people 200000 --fixed --database-url postgres://postgres@localhost/postgres";

/// Flags of `bench files`.
#[derive(Debug, Args)]
pub struct FilesArgs {
    /// How many people.
    #[arg(long, default_value_t = 20_000, value_name = "N", value_parser = clap::value_parser!(u64).range(100..=750_000))]
    people: u64,
    /// Lines of fixed widths in the place of CSV.
    #[arg(long)]
    fixed: bool,
    /// A PostgreSQL on which databases can be made, instead of SQLite files: postgres://OWNER:PASSWORD@HOST/NAME.
    #[arg(long, env = "REDRESS_DATABASE_URL", hide_env_values = true, value_name = "URL", value_parser = migrate::secret)]
    database_url: Option<migrate::Url>,
}

const DRAIN_HELP: &str = "Writes a roster of invented people, starts the processes and imports it. Then it queues orders and waits until the sandbox bureau has them \
all, 64 under way at once: by themselves; while fifty people a second enroll; behind fifty orders for which the bureau always fails, with another bureau's beside them. \
People enroll with the bureau there and with nobody at its address, and what waited goes out when it is back. Last the queue of a bureau that pulls: leased by statements \
of 1,000 and nothing else, and pulled by one stream of which every order is acknowledged.

The bureau takes an order and says no more about it for an hour: outcomes are not part of what is timed. Ratios hold on a quiet machine only.

Examples:
  redress bench drain --pushed 2000 --pulled 10000 --enrollments 200
  redress bench drain --database-url postgres://postgres@localhost/postgres";

/// Flags of `bench drain`.
#[derive(Debug, Args)]
pub struct DrainArgs {
    /// How many orders are pushed, each time.
    #[arg(long, default_value_t = 10_000, value_name = "N", value_parser = clap::value_parser!(u64).range(100..=500_000))]
    pushed: u64,
    /// How many orders are pulled.
    #[arg(long, default_value_t = 100_000, value_name = "N", value_parser = clap::value_parser!(u64).range(100..=500_000))]
    pulled: u64,
    /// How many people enroll with the bureau there, and as many without it.
    #[arg(long, default_value_t = 2_000, value_name = "N", value_parser = clap::value_parser!(u32).range(50..=50_000))]
    enrollments: u32,
    /// A PostgreSQL on which databases can be made, instead of SQLite files: postgres://OWNER:PASSWORD@HOST/NAME.
    #[arg(long, env = "REDRESS_DATABASE_URL", hide_env_values = true, value_name = "URL", value_parser = migrate::secret)]
    database_url: Option<migrate::Url>,
}

const CRASHES_HELP: &str = "Writes a roster of invented people, starts the processes with a bureau that is called and one that pulls, imports it and issues the codes. \
Then people enroll with their letters, some withdraw, and all the while one process after the other is killed (SIGKILL) and started again: identity-verification, \
enrollment-codes, bureau-handoff and both bureaus; on PostgreSQL connections of the database are ended too. With each kill so many people begin that both end together.\n\n\
People repeat a call that was not answered, as an enrollment page does. When the bureaus have decided about everybody, what people were told is compared with the \
enrollments and with the bureaus' own books. Where somebody was lost, enrolled twice or enrolled after withdrawing, where states differ, where fewer than 99 in 100 people \
came through or more than 2 in 100 orders were sent again to a bureau that had taken them, the exit code is 1.\n\n\
All is on this machine and ends by itself: the time is about that of the kills, with --every between two of them.\n\n\
Examples:\n  redress bench crashes --enrollments 2000 --kills 100\n  redress bench crashes --every 2s --database-url postgres://postgres@localhost/postgres";

/// Flags of `bench crashes`.
#[derive(Debug, Args)]
pub struct CrashesArgs {
    /// How many people enroll.
    #[arg(long, default_value_t = 20_000, value_name = "N", value_parser = clap::value_parser!(u32).range(10..=200_000))]
    enrollments: u32,
    /// How often something is killed.
    #[arg(long, default_value_t = 500, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    kills: u32,
    /// The mean time between two kills.
    #[arg(long, default_value = "1s", value_name = "DURATION", value_parser = period)]
    every: Duration,
    /// Repeats the same people and the same kills.
    #[arg(long, default_value_t = 1, value_name = "SEED")]
    seed: u64,
    /// A PostgreSQL on which databases can be made, instead of SQLite files: postgres://OWNER:PASSWORD@HOST/NAME.
    #[arg(long, env = "REDRESS_DATABASE_URL", hide_env_values = true, value_name = "URL", value_parser = migrate::secret)]
    database_url: Option<migrate::Url>,
}

/// Runs a subcommand.
pub async fn run(session: &Session, command: Command) -> Outcome {
    match command {
        Command::Letters(args) => run_letters(session, &args).await,
        Command::Resolution(args) => run_resolution(session, args).await,
        Command::Claims(args) => run_claims(session, &args).await,
        Command::Refusals(args) => run_refusals(session, args).await,
        Command::Verify(args) => run_verify(session, args).await,
        Command::Files(args) => run_files(session, args).await,
        Command::Drain(args) => run_drain(session, &args).await,
        Command::Crashes(args) => run_crashes(session, &args).await,
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

async fn run_claims(session: &Session, args: &ClaimsArgs) -> Outcome {
    let settings = claims::Settings {
        claims: args.claims as usize,
        impostors: args.impostors as usize,
        seed: args.seed,
        database_url: args.database_url.as_ref().map(migrate::Url::secret),
    };
    let measured = claims::measure(&settings, interrupted(), progress::show).await?;
    claims_table::print(&measured, session.format)
}

async fn run_refusals(session: &Session, args: RefusalsArgs) -> Outcome {
    let grid = args.grid.as_deref().unwrap_or("default").to_owned();
    let settings = refusals::Settings {
        calls: args.calls as usize,
        at_once: args.at_once as usize,
        grid: args.grid,
        seed: args.seed,
        database_url: args.database_url.as_ref().map(migrate::Url::secret),
    };
    let measured = refusals::measure(&settings, interrupted(), progress::show).await?;
    refusals_table::print(&measured, &grid, session.format)
}

async fn run_verify(session: &Session, args: VerifyArgs) -> Outcome {
    let settings = verify::Settings {
        people: args.people,
        calls: args.calls as usize,
        seed: args.seed,
        database_url: args.database_url.as_ref().map(migrate::Url::secret),
    };
    let measured = verify::measure(&settings, interrupted(), progress::show).await?;
    verify_table::print(&measured, session.format)
}

async fn run_files(session: &Session, args: FilesArgs) -> Outcome {
    let settings = files::Settings {
        people: args.people,
        fixed: args.fixed,
        database_url: args.database_url.as_ref().map(migrate::Url::secret),
    };
    let measured = files::measure(&settings, interrupted(), progress::show).await?;
    files_table::print(&measured, session.format)
}

async fn run_drain(session: &Session, args: &DrainArgs) -> Outcome {
    let settings = drain::measured::Settings {
        pushed: args.pushed,
        pulled: args.pulled,
        enrollments: args.enrollments as usize,
        database_url: args.database_url.as_ref().map(migrate::Url::secret),
    };
    let measured = drain::measure(&settings, interrupted(), progress::show).await?;
    drain_table::print(&measured, session.format)
}

async fn run_crashes(session: &Session, args: &CrashesArgs) -> Outcome {
    let settings = crashes::Settings {
        enrollments: args.enrollments as usize,
        kills: args.kills as usize,
        every: args.every,
        seed: args.seed,
        database_url: args.database_url.as_ref().map(migrate::Url::secret),
    };
    let measured = crashes::measure(&settings, interrupted(), progress::show).await?;
    crashes_table::print(&measured, session.format)
}

async fn interrupted() -> Problem {
    let _ = tokio::signal::ctrl_c().await;
    Problem::refused("interrupted")
}
