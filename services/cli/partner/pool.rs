//! `redress partner pool`: activation codes that a partner issues itself.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::cli::campaign::which::CampaignArg;
use crate::cli::list::{self, ListArgs};
use crate::cli::render::{self, Format, Record};
use crate::cli::session::Session;
use crate::cli::{ask, progress};
use crate::client::connect::Channels;
use crate::client::convert::time;
use crate::client::files::beside;
use crate::client::paging::{PAGE_SIZE, read_all};
use crate::client::partner;
use crate::client::problem::{OrProblem, Outcome, Problem};
use crate::client::progress::Unit;
use crate::client::request::new_request_id;
use crate::client::roster::rejects::REASON;
use crate::client::table::Table;
use crate::client::table::columns::{Column, Vocabulary};
use crate::kernel::crypto::fingerprint128;
use crate::wire::redress::handoff::v1 as wire;
use crate::wire::redress::r#type::v1::ItemReason;
use wire::handoff_admin_service_client::HandoffAdminServiceClient;

static CODES: Vocabulary = Vocabulary {
    of: "activation codes",
    columns: &[Column::required(
        "activation_code",
        "code codes activation activationcodes",
    )],
};

/// Codes in one call.
const CHUNK: usize = 5_000;
/// So many rejects are printed; all are in the file.
const SHOWN: usize = 20;

/// Subcommands of `partner pool`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add codes that a partner issued; the same file again changes nothing.
    #[command(after_long_help = IMPORT_EXAMPLES)]
    Import(ImportArgs),
    /// Show how many codes are left.
    Show(ShowArgs),
}

const IMPORT_EXAMPLES: &str = "Examples:
  redress partner pool import codes.csv --partner bureau-one --campaign B123456
  redress partner pool import codes.csv --partner bureau-one --campaign B123456 --low-water 5000

The file has one column, activation_code, and a header. What cannot be taken is printed by line and written to
FILE.rejects.csv. From the first code on, each enrollment gets a code of its own, and waits while there is none.";

/// Flags of `partner pool import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The file.
    pub file: PathBuf,
    #[command(flatten)]
    pub list: ListArgs,
    /// The partner's name.
    #[arg(long, value_name = "NAME")]
    pub partner: String,
    #[command(flatten)]
    pub campaign: CampaignArg,
    /// Warn when fewer codes than this are left; a new pool has 100.
    #[arg(long, value_name = "N")]
    pub low_water: Option<i32>,
}

/// Flags of `partner pool show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    #[command(flatten)]
    pub campaign: CampaignArg,
}

/// Runs a subcommand.
pub async fn run(session: &Session, channels: &Channels, command: Command) -> Outcome {
    match command {
        Command::Import(args) => import(session, channels, &args).await,
        Command::Show(args) => show(session, channels, &args).await,
    }
}

/// A row that was not taken: its line and why.
type Reject = (i64, &'static str);

async fn import(session: &Session, channels: &Channels, args: &ImportArgs) -> Outcome {
    let rows = read(args)?;
    let campaign = args.campaign.find(&channels.codes).await?;
    let partner = partner::find(channels, &args.partner).await?;
    let (mut imported, mut known) = (0_i64, 0_i64);
    let mut rejects: Vec<Reject> = Vec::new();
    let mut taken = HashSet::with_capacity(rows.len());
    let bar = progress::show("importing activation codes", Unit::Pieces);
    for chunk in rows.chunks(CHUNK) {
        // The server sees one chunk at a time: what an earlier one had is told apart here.
        let (again, fresh): (Vec<_>, Vec<_>) = chunk
            .iter()
            .partition(|row| taken.contains(&fingerprint128(row.code.as_bytes())));
        rejects.extend(again.iter().map(|row| (row.line, "DUPLICATE")));
        if fresh.is_empty() {
            continue;
        }
        let request = wire::ImportActivationCodesRequest {
            request_id: new_request_id(),
            campaign: campaign.campaign_id.clone(),
            partner_id: partner.partner_id.clone(),
            rows: fresh.iter().map(|row| (*row).clone()).collect(),
            low_water: args.low_water,
            ..wire::ImportActivationCodesRequest::default()
        };
        let answer = HandoffAdminServiceClient::new(channels.handoff.clone())
            .import_activation_codes(request)
            .await;
        let answer = answer.or_problem("import the activation codes")?;
        imported += i64::from(answer.imported);
        known += i64::from(answer.known);
        let refused: HashSet<i64> = answer.rejected.iter().map(|row| row.index).collect();
        let fresh = fresh.iter().filter(|row| !refused.contains(&row.line));
        taken.extend(fresh.map(|row| fingerprint128(row.code.as_bytes())));
        let refused = answer.rejected.iter();
        rejects.extend(refused.map(|row| (row.index, word(row.reason()))));
        let done = u64::try_from(imported + known).unwrap_or(0) + rejects.len() as u64;
        bar.set(done, rows.len() as u64);
    }
    drop(bar);
    rejects.sort_unstable();
    let file = write_rejects(&args.file, &rejects)?;
    if session.format == Format::Table {
        for (line, reason) in rejects.iter().take(SHOWN) {
            ask::note(&format!("line {line}: {reason}"));
        }
        if rejects.len() > SHOWN {
            ask::note(&format!("and {} more", rejects.len() - SHOWN));
        }
    }
    let record = Record::new()
        .with("imported", imported)
        .with("known", known)
        .with("rejected", rejects.len())
        .with(
            "rejects_file",
            file.as_ref().map(|path| path.display().to_string()),
        );
    render::one(session.format, &record)?;
    let rejected = i64::try_from(rejects.len()).unwrap_or(i64::MAX);
    args.list.judge(rejected, file.as_deref())
}

fn word(reason: ItemReason) -> &'static str {
    let name = reason.as_str_name();
    name.strip_prefix(REASON).unwrap_or(name)
}

/// Reads the file. A row of another shape is sent without a code, so that it is counted with those that are malformed.
fn read(args: &ImportArgs) -> Result<Vec<wire::ActivationCodeRow>, Problem> {
    let mut table = Table::open(&args.file, &CODES, &args.list.options()?)?;
    let mut rows = Vec::new();
    while let Some(row) = table.next_row()? {
        let code = row.cells.first().map_or("", |cell| cell.trim()).to_owned();
        rows.push(wire::ActivationCodeRow {
            line: row.line,
            code,
        });
    }
    list::tell(table.detected(), &table.notes());
    if rows.is_empty() {
        return Err(Problem::usage(format!(
            "{}: there is no code in it",
            args.file.display()
        )));
    }
    Ok(rows)
}

/// Writes lines and reasons beside the file, or removes what an earlier run left there. It holds no code.
fn write_rejects(file: &Path, rejects: &[Reject]) -> Result<Option<PathBuf>, Problem> {
    let path = beside(file, ".rejects.csv");
    if rejects.is_empty() {
        let _ = fs::remove_file(&path);
        return Ok(None);
    }
    let lines = rejects
        .iter()
        .map(|(line, reason)| format!("{line},{reason}\n"));
    let text: String = ["line,reason\n".to_owned()]
        .into_iter()
        .chain(lines)
        .collect();
    fs::write(&path, text).map_err(|error| Problem::file(&path, &error))?;
    Ok(Some(path))
}

async fn show(session: &Session, channels: &Channels, args: &ShowArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let mut client = HandoffAdminServiceClient::new(channels.handoff.clone());
    let pools = read_all(async |page_token| {
        let request = wire::ListActivationPoolsRequest {
            campaign: campaign.campaign_id.clone(),
            page_size: PAGE_SIZE,
            page_token,
        };
        let answer = client.list_activation_pools(request).await;
        let page = answer.or_problem("list the pools of activation codes")?;
        Ok((page.pools, page.next_page_token))
    });
    let records: Vec<Record> = pools.await?.iter().map(record).collect();
    render::many(
        session.format,
        &records,
        "no partner issues activation codes for this campaign; `redress partner pool import --help` shows how to add them",
    )
}

fn record(pool: &wire::ActivationPool) -> Record {
    let standing = match (&pool.empty_since_time, pool.is_low) {
        (Some(_), _) => "EMPTY",
        (None, true) => "LOW",
        (None, false) => "ENOUGH",
    };
    Record::new()
        .with("partner", pool.partner_name.as_str())
        .with("imported", pool.imported)
        .with("available", pool.available)
        .with("assigned", pool.assigned)
        .with("low_water", pool.low_water)
        .with("standing", standing)
        .with("empty_since", time(pool.empty_since_time.as_ref()))
}
