//! `redress mailing`: the print file, and what happened to its letters.
//!
//! Codes come from one process, names and addresses from another; they meet here and nowhere else. Both streams are
//! ordered by individual id, so the merge holds a few answers of each, whatever the size of the roster. The file appears
//! whole under its name or not at all, readable by its owner alone, and is the same byte for byte when made again.

mod check;
mod events;
mod export;
mod history;
mod letter;
mod manifest;
mod merge;
mod order;
mod output;
mod partial;
mod place;
mod recipient;
mod record;
mod seeds;
mod text;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Session;
use super::campaign::CampaignArg;
use super::codes::open_batch;
use super::connect::As;
use super::problem::Outcome;
use super::render::{self, Record};

pub use export::export;
pub use letter::COLUMNS;
pub use manifest::Manifest;
pub use order::{Exported, Order};
pub use partial::Plan;
pub use recipient::Recipient;
pub use seeds::Seed;

/// Subcommands of `mailing`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write the print file of an open batch, and its manifest.
    #[command(after_long_help = HELP)]
    Export(ExportArgs),
    /// Tell whether a print file is the one that its manifest describes; needs no service.
    Check(check::CheckArgs),
    /// Record what the mail house says: letters mailed, returned, addresses corrected, letters mailed again.
    #[command(after_long_help = record::HELP)]
    Record(record::RecordArgs),
    /// Show what happened to one individual's letters.
    History(history::HistoryArgs),
}

const HELP: &str = "The file brings names and codes together: it is the most dangerous file of the campaign. It is readable by you alone; \
hand it to the printer by a safe way, then seal the batch (`redress codes seal`) and destroy the file. With --encrypt-to its text never touches the disk.

The export can be repeated until the batch is sealed and gives the same lines each time. One that was cut off goes on where it was when the same \
command is run again; an encrypted one begins again, for an age file cannot be gone on with, but its manifest names the same SHA-256 of the CSV.

FILE.manifest.json tells the mail house what it must have received: `redress mailing check FILE` compares, also after decryption.

A line is a letter. A cell that a spreadsheet would take for a formula gets an apostrophe in front. `letter` comes back with returned mail.

Examples:
  redress mailing export --out letters.csv
  redress mailing export --out letters.csv.age --encrypt-to age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p
  redress mailing export --out letters.csv --seeds staff.csv      one letter to each of these, to see what the mail house does
  redress mailing check letters.csv";

/// Flags of `mailing export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The batch; not needed while only one is open.
    #[arg(long, value_name = "ID")]
    batch: Option<String>,
    /// Where to.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Encrypt to this public key of age, the printer's; repeat for several who can each read it.
    #[arg(long = "encrypt-to", value_name = "KEY")]
    encrypt_to: Vec<Recipient>,
    /// Also write a letter to each of these people of your own: a CSV with name, address_line1 to address_line4.
    #[arg(long, value_name = "FILE")]
    seeds: Option<PathBuf>,
}

/// Runs a subcommand.
pub async fn run(session: &Session, command: Command) -> Outcome {
    match command {
        Command::Export(args) => run_export(session, args).await,
        Command::Check(args) => check::run(session, &args),
        Command::Record(args) => record::run(session, &args).await,
        Command::History(args) => history::run(session, &args).await,
    }
}

async fn run_export(session: &Session, args: ExportArgs) -> Outcome {
    let seeds = args.seeds.as_deref().map(Seed::read).transpose()?;
    let channels = session.connect(As::Operator)?;
    let campaign = args.campaign.find(&channels.codes).await?;
    let batch = open_batch(&channels, &campaign.campaign_id, args.batch.as_deref()).await?;
    let order = Order {
        recipients: args.encrypt_to,
        seeds: seeds.unwrap_or_default(),
        ..Order::of_batch(&campaign, batch, &args.out)
    };
    let exported = export(&channels, &order).await?;
    let batches = order.batches.iter().map(|batch| batch.batch_id.clone());
    let record = Record::new()
        .with("file", args.out.display().to_string())
        .with("manifest", exported.manifest.display().to_string())
        .with("batch_ids", batches.collect::<Vec<_>>())
        .with("letters", exported.letters)
        .with("kept", exported.kept)
        .with("seeds", exported.seeds)
        .with("without_address", exported.without_address)
        .with("csv_sha256", exported.csv_sha256);
    render::one(session.format, &record)
}
