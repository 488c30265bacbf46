//! `redress mailing export`: the print file.
//!
//! Codes come from one process, names and addresses from another; they meet here and nowhere else. Both streams are
//! ordered by individual id, so the merge holds one chunk of each. The file appears whole under its name or not at all,
//! readable by its owner alone, and is the same byte for byte when made again.

mod merge;

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::campaign::CampaignArg;
use super::codes::open_batch;
use super::connect::{As, Channels};
use super::problem::{OrSay, Outcome, Problem};
use super::render::{self, Record};
use super::wire_words::date;
use super::{Session, progress};
use crate::wire::redress::enrollment::v1 as codes;
use crate::wire::redress::identity::v1 as identity;
use codes::enrollment_code_service_client::EnrollmentCodeServiceClient;
use identity::roster_service_client::RosterServiceClient;

pub use merge::{COLUMNS, Letter};
use merge::{Frame, Merged};

/// Subcommands of `mailing`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write the print file of an open batch.
    #[command(after_long_help = HELP)]
    Export(ExportArgs),
}

const HELP: &str = "The file brings names and codes together: it is the most dangerous file of the campaign. It is readable by you alone; \
hand it to the printer by a safe way, then seal the batch (`redress codes seal`) and destroy the file.

The export can be repeated until the batch is sealed and gives the same bytes each time.";

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
}

/// What an export came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Letters in the file.
    pub letters: u64,
    /// Codes of people who have no usable address any more.
    pub without_address: u64,
}

/// Runs a subcommand.
pub async fn run(session: &Session, command: Command) -> Outcome {
    let Command::Export(args) = command;
    let channels = session.connect(As::Operator)?;
    let campaign = args.campaign.find(&channels.codes).await?;
    let batch = open_batch(&channels, &campaign.campaign_id, args.batch.as_deref()).await?;
    let exported = export(&channels, &campaign, &batch, &args.out).await?;
    let record = Record::new()
        .with("file", args.out.display().to_string())
        .with("batch_id", batch.batch_id)
        .with("letters", exported.letters)
        .with("without_address", exported.without_address);
    render::one(session.format, &record)
}

/// Writes the print file of a batch.
pub async fn export(
    channels: &Channels,
    campaign: &codes::Campaign,
    batch: &codes::CodeBatch,
    out: &Path,
) -> Result<Exported, Problem> {
    let request = codes::ExportCodesRequest {
        campaign_id: batch.campaign_id.clone(),
        batch_id: batch.batch_id.clone(),
        after_individual_id: String::new(),
    };
    let codes = EnrollmentCodeServiceClient::new(channels.codes.clone())
        .export_codes(request)
        .await;
    let codes = codes.or_say("export the codes")?;
    let request = identity::ExportMailingAddressesRequest {
        campaign_id: batch.campaign_id.clone(),
        after_individual_id: String::new(),
    };
    let addresses = RosterServiceClient::new(channels.identity.clone())
        .export_mailing_addresses(request)
        .await;
    let addresses = addresses.or_say("export the addresses")?;

    let partial = partial_of(out);
    let written = write(
        Merged::new(codes, addresses),
        &frame(campaign),
        &partial,
        batch.codes,
    )
    .await;
    let renamed = written.and_then(|exported| {
        fs::rename(&partial, out).map_err(|error| Problem::file(out, &error))?;
        Ok(exported)
    });
    if renamed.is_err() {
        let _ = fs::remove_file(&partial);
    }
    renamed
}

fn frame(campaign: &codes::Campaign) -> Frame {
    let entities = campaign.covered_entities.iter();
    Frame {
        engagement_number: campaign.engagement_number.clone(),
        enroll_by: date(campaign.enroll_by_date.as_ref())
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        url: campaign.letter_url.clone(),
        phone: campaign.letter_phone.clone(),
        entities: entities
            .map(|entity| (entity.key.clone(), entity.name.clone()))
            .collect::<HashMap<_, _>>(),
    }
}

async fn write(
    mut merged: Merged,
    frame: &Frame,
    path: &Path,
    total: i64,
) -> Result<Exported, Problem> {
    let failed = |error: csv::Error| Problem::file(path, &error);
    let mut csv = csv::Writer::from_writer(BufWriter::with_capacity(1 << 18, private(path)?));
    csv.write_record(COLUMNS).map_err(failed)?;
    let bar = progress::pieces("writing letters", u64::try_from(total).unwrap_or(0));
    let mut exported = Exported::default();
    while let Some((code, address)) = merged.next().await? {
        match address {
            Some(address) => {
                csv.write_record(frame.letter(&code, &address))
                    .map_err(failed)?;
                exported.letters += 1;
            }
            None => exported.without_address += 1,
        }
        bar.inc(1);
    }
    bar.finish();
    let buffered = csv
        .into_inner()
        .map_err(|error| Problem::file(path, &error))?;
    let mut file = buffered
        .into_inner()
        .map_err(|error| Problem::file(path, &error))?;
    file.flush()
        .and_then(|()| file.sync_all())
        .map_err(|error| Problem::file(path, &error))?;
    Ok(exported)
}

fn private(path: &Path) -> Result<File, Problem> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options
        .open(path)
        .map_err(|error| Problem::file(path, &error))
}

fn partial_of(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}
