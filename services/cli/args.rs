//! The command line.

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use crate::cli::connect::ConnectArgs;
use crate::cli::render::Format;
use crate::cli::{
    audit, backup, bench, campaign, certs, codes, demo, enroll, enrollment, find, handoff, health,
    individual, keys, mailing, matching, migrate, partner, reconcile, referral, report,
    restoration, roster, serve, up, verification,
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

What waits for you once people answer:
  redress referral list                         people whose identity is not certain
  redress enrollment list --state action-required       people whose monitoring does not run yet
  redress handoff list --state dead             what was given up on; `redress handoff replay` queues it again
  redress reconcile differences                 where a partner's books and ours differ

Exit codes: 0 done, 1 refused or a check failed, 2 a flag, a setting or the surroundings are wrong.";

const UP_HELP: &str = "Everything lies in one directory (./.redress): the database, the keyrings, the certificates, the logs, and \
endpoints.toml, by which the other commands find it. Ctrl-C drains and stops it; the data stays, and the next `redress up` goes on with it.

For development and for trying things out: production runs each process by itself (`redress serve`), with certificates and keys of its own.";

const DEMO_HELP: &str = "Starts processes of its own in a directory of its own, unless --attach says otherwise. Writes a roster, imports it, issues codes, \
makes the print file, seals the batch; then people call who mistype, hesitate, lose letters, misremember or are not who they claim. At the end \
everything that callers were promised is compared with the bureau's own books.

Exit code 1 when anything was lost, doubled, let in or left unsettled.

Examples:
  redress demo
  redress demo --people 20000 --format json
  redress demo --database-url postgres://postgres@localhost/redress
  redress demo --attach                         on what `redress up` started";

const FIND_HELP: &str = "What is shown is masked, and every search is kept in the audit log. Writing habits make no difference, and a short form finds its name.

Examples:
  redress find Mary Smith --born 1976
  redress find 'Smith, Mary' --zip 46802
  redress find Smith --zip 46802                all given names
  redress find 100234                           a reference of any covered entity
  redress find 100234 --entity clinic";

const SERVE_HELP: &str = "Examples:
  redress serve enrollment-codes --help         shows the settings of a process
  redress serve enrollment-codes --config /etc/redress/codes.toml

Each setting can also stand in the environment (REDRESS_LISTEN for --listen) or in the file.";

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start everything on this machine: three services and a sandbox bureau.
    #[command(after_long_help = UP_HELP)]
    Up(up::UpArgs),
    /// Run a whole campaign with invented people and check it against the bureau's own books.
    #[command(after_long_help = DEMO_HELP)]
    Demo(demo::DemoArgs),
    /// Run one of the processes; its settings follow its name.
    #[command(after_long_help = SERVE_HELP)]
    Serve(serve::ServeArgs),
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
    /// Find somebody on the list, by name or by a covered entity's reference.
    #[command(after_long_help = FIND_HELP)]
    Find(find::FindArgs),
    /// Show people's enrollments, cancel them, order their coverages again.
    #[command(subcommand)]
    Enrollment(enrollment::Command),
    /// Have people's identities restored, and show how that stands.
    #[command(subcommand)]
    Restoration(restoration::Command),
    /// Review people whose identity is not certain: list, look, decide.
    #[command(subcommand)]
    Referral(referral::Command),
    /// Show how somebody was verified.
    #[command(subcommand)]
    Verification(verification::Command),
    /// Show what is on record of a person, masked.
    #[command(subcommand)]
    Individual(individual::Command),
    /// Show what partners were asked, and queue again what was given up on.
    #[command(subcommand)]
    Handoff(handoff::Command),
    /// Compare a partner's own list with our books, both ways, and bring both together.
    #[command(after_long_help = reconcile::HELP)]
    Reconcile(reconcile::ReconcileArgs),
    /// Print the funnel of a campaign, from rows to active monitoring.
    Report(report::ReportArgs),
    /// Ask every process whether it serves; exit code 1 when one does not.
    Health(health::HealthArgs),
    /// Measure the processes on this machine, beside the least that the same work costs the database.
    #[command(subcommand)]
    Bench(bench::Command),
    /// Measure how well records of one person are told from those of two.
    #[command(subcommand)]
    Matching(matching::Command),
    /// Bring the database's schema and grants up to date.
    Migrate(migrate::MigrateArgs),
    /// Make certificates for development and tests.
    Certs(certs::CertsArgs),
    /// Make, compare and rotate keyring files.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Copy an SQLite database while the services run.
    #[command(after_long_help = backup::HELP)]
    Backup(backup::BackupArgs),
    /// Delete from the audit log what is too old to be kept.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Print the completions of a shell: redress completions bash > /etc/bash_completion.d/redress
    Completions {
        /// The shell.
        shell: Shell,
    },
}
