//! The command line.

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use super::connect::ConnectArgs;
use super::render::Format;
use super::{
    campaign, certs, codes, enroll, health, keys, mailing, migrate, partner, report, roster,
};

/// Runs the remedy after a data breach: roster, letters, verification, enrollment, handoff to the bureau.
#[derive(Debug, Parser)]
#[command(name = "redress", version, arg_required_else_help = true, after_help = FIRST_STEPS, max_term_width = 120)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Where the services are.
    #[command(flatten)]
    pub connect: ConnectArgs,
    /// How answers are printed.
    #[arg(long, global = true, value_enum, default_value_t = Format::Table, env = "REDRESS_FORMAT")]
    pub format: Format,
}

const FIRST_STEPS: &str = "First steps:
  redress demo                   see a whole campaign run, with invented people
  redress up                     start everything on this machine, and leave it running

Then, in another terminal, a campaign of your own, in this order:
  redress campaign template > campaign.toml     fill it in
  redress campaign create --file campaign.toml
  redress roster import people.csv              rejected rows go to people.csv.rejects.csv
  redress codes issue
  redress mailing export --out letters.csv      for the printer; keep it safe
  redress codes seal                            once the letters are printed
  redress enroll                                try one letter by hand
  redress report                                where everybody stands

Exit codes: 0 done, 1 refused or a check failed, 2 a flag, a setting or the surroundings are wrong.";

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create and look at campaigns.
    #[command(subcommand)]
    Campaign(campaign::Command),
    /// Create, pause and resume partner bureaus.
    #[command(subcommand)]
    Partner(partner::Command),
    /// Make, load and count lists of affected people.
    #[command(subcommand)]
    Roster(roster::Command),
    /// Issue, seal and check letter codes.
    #[command(subcommand)]
    Codes(codes::Command),
    /// Write the print file.
    #[command(subcommand)]
    Mailing(mailing::Command),
    /// Go through one enrollment by hand, as a person with a letter does.
    Enroll(enroll::EnrollArgs),
    /// Print the funnel of a campaign, from rows to active monitoring.
    Report(report::ReportArgs),
    /// Ask every process whether it serves; exit code 1 when one does not.
    Health(health::HealthArgs),
    /// Bring the database's schema and grants up to date.
    Migrate(migrate::MigrateArgs),
    /// Make certificates for development and tests.
    Certs(certs::CertsArgs),
    /// Make and rotate keyring files.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Print the completions of a shell: redress completions bash > /etc/bash_completion.d/redress
    Completions {
        /// The shell.
        shell: Shell,
    },
}
