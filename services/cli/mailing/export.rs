//! `redress mailing export`: its flags and its answer.

use std::path::PathBuf;

use clap::Args;

use crate::cli::campaign::which::CampaignArg;
use crate::cli::progress;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::ClientRole;
use crate::client::mailing::export::export;
use crate::client::mailing::order::Order;
use crate::client::mailing::recipient::Recipient;
use crate::client::mailing::seeds::Seed;
use crate::client::mailing::select::select;
use crate::client::problem::Outcome;

/// What is to be known about it.
pub const HELP: &str = "The file brings names and codes together: it is the most dangerous file of the campaign. It is readable by you alone; \
hand it to the printer by a safe way, then seal the batch (`redress codes seal`) and destroy the file. With --encrypt-to its text never touches the disk.

Codes that were revoked before the first export get no letter and are counted as withheld; later ones keep their lines.

A wave has one file: its batches stand in it one after the other, the oldest first, without those that are sealed.

The export can be repeated until the batch is sealed and gives the same lines each time; an encrypted file differs, but its manifest names the same \
SHA-256 of the CSV. Until the file is whole it is FILE.partial: one that a killed export left is written over when the same command is run again.

FILE.manifest.json tells the mail house what it must have received: `redress mailing check FILE` compares, also after decryption.

A line is a letter. A cell that a spreadsheet would take for a formula gets an apostrophe in front. `letter` comes back with returned mail.

`letter_kind` chooses the words: `code` for a letter with a code, `notice` for one without (`code` is empty there): the deceased, and minors where the \
campaign has no product for them. `generation` counts the letters of one person.

Examples:
  redress mailing export --out letters.csv
  redress mailing export --out letters.csv.age --encrypt-to age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p
  redress mailing export --out north.csv --wave 'North of the river'
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
    /// The wave, by name or id: all its batches that are not sealed.
    #[arg(long, value_name = "NAME", conflicts_with = "batch")]
    wave: Option<String>,
    /// Where to: the file is there whole or not at all. A link is followed, and a FIFO gets the bytes.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Encrypt to this public key of age, the printer's; repeat for several who can each read it.
    #[arg(long = "encrypt-to", value_name = "KEY")]
    encrypt_to: Vec<Recipient>,
    /// Also write a letter to each of these people of your own: a CSV with name, address_line1 to address_line4.
    #[arg(long, value_name = "FILE")]
    seeds: Option<PathBuf>,
    /// Begin the file with a byte order mark, by which Windows programs know UTF-8; the manifest says so.
    #[arg(long)]
    bom: bool,
}

/// Runs the command.
pub async fn run(session: &Session, args: ExportArgs) -> Outcome {
    let seeds = args.seeds.as_deref().map(Seed::read).transpose()?;
    let channels = session.connect(ClientRole::Operator)?;
    let campaign = args.campaign.find(&channels.codes).await?;
    let chosen = select(
        &channels,
        &campaign,
        args.batch.as_deref(),
        args.wave.as_deref(),
    )
    .await?;
    let order = Order {
        campaign: &campaign,
        batches: chosen.batches,
        wave: chosen.wave,
        out: args.out.clone(),
        recipients: args.encrypt_to,
        seeds: seeds.unwrap_or_default(),
        byte_order_mark: args.bom,
    };
    let exported = export(&channels, &order, progress::show).await?;
    let batches = order.batches.iter().map(|batch| batch.batch_id.clone());
    let record = Record::new()
        .with("file", args.out.display().to_string())
        .with("manifest", exported.manifest.display().to_string())
        .with("wave", order.wave.as_ref().map(|wave| wave.name.as_str()))
        .with("batch_ids", batches.collect::<Vec<_>>())
        .with("letters", exported.letters)
        .with("without_code", exported.without_code)
        .with("seeds", exported.seeds)
        .with("without_address", exported.without_address)
        .with("withheld", exported.withheld)
        .with("csv_sha256", exported.csv_sha256);
    render::one(session.format, &record)
}
