//! `redress reconcile`: a partner's own list against our books.

mod close;
mod differences;
mod invoice;
mod manifest;
mod record;
mod zone;

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use clap::{Args, Subcommand};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use prost_types::Timestamp as WireTime;

use crate::cli::ask;
use crate::cli::campaign::which::CampaignArg;
use crate::cli::list::{self, ListArgs};
use crate::cli::render;
use crate::cli::session::Session;
use crate::client::connect::{Channels, ClientRole};
use crate::client::convert::{parse_date, state, time, with_commas};
use crate::client::partner;
use crate::client::problem::{Outcome, Problem};
use crate::client::reconciliation::{self, Header};
use crate::kernel::clock::{Clock, Timestamp};
use crate::wire::redress::handoff::v1 as wire;
use crate::wire::redress::r#type::v1::ItemResult;
use wire::{DifferenceState, SuggestedAction};

/// What a list is, and what follows.
pub const HELP: &str = "FILE is the partner's list of this campaign: one enrollment a row, CSV or a workbook, in any common encoding, with a header. Columns:
  handoff_id           our reference, as the order had it
  partner_reference    the partner's own; one of the two is needed
  state                accepted, active, action required, refused, suspended, ended or canceled; usual words for them are known
  effective_date       since when, such as 07/04/2026 or 2026-07-04; may be left out
  outcome_class        why, such as file-frozen; may be left out
  revision             the partner's number of that status; may be left out

What changed here after the list's day waits and is no finding. The same file again changes nothing. The differences are listed with what to do:
  REPLAY         the partner lacks it: --repair sends it again under the same reference
  CORRECT_HERE   the partner's state is later news: --repair takes it
  CANCEL_THERE   ask the partner to cancel this reference
  ASK_PERSON     the person has something to do: `redress enrollment show` says what
  ASK_PARTNER    only the partner can tell which book is right
  WAIT           the next list will tell

Examples:
  redress reconcile list.csv --partner bureau-one --campaign B123456
  redress reconcile list.csv --partner bureau-one --as-of 11/29/2026 --repair --dry-run
  redress reconcile list.csv --partner bureau-one --as-of 11/29/2026 --repair
  redress reconcile differences
  redress reconcile close ID --reason canceled-there --note 'their ticket 4711'
  redress reconcile manifest --partner bureau-one
  redress reconcile invoice 2026-11.csv --partner bureau-one --number 2026-11 --from 11/01/2026 --to 11/30/2026

Exit code 1 when findings are open.";

/// Arguments of `reconcile`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct ReconcileArgs {
    #[command(subcommand)]
    command: Option<Command>,
    /// The partner's list.
    #[arg(required = true)]
    file: Option<PathBuf>,
    #[command(flatten)]
    list: ListArgs,
    /// The partner's name.
    #[arg(long, value_name = "NAME", required = true)]
    partner: Option<String>,
    #[command(flatten)]
    campaign: CampaignArg,
    /// The day at whose end the partner's books stood so, in the campaign's zone; without it, when the file was written last.
    #[arg(long, value_name = "DAY", value_parser = parse_date)]
    as_of: Option<Date>,
    /// Repair what can be repaired from here.
    #[arg(long)]
    repair: bool,
    /// With --repair: only list what would be repaired.
    #[arg(long, requires = "repair")]
    dry_run: bool,
}

/// Subcommands of `reconcile`.
#[derive(Debug, Subcommand)]
enum Command {
    /// Print counts and hashes of what a partner should have, for it to compare.
    #[command(after_long_help = manifest::HELP)]
    Manifest(manifest::ManifestArgs),
    /// List the manifests that were kept, one a day.
    Manifests(manifest::ManifestsArgs),
    /// Check a partner's invoice: what may be paid, what may not and why, and what was not billed.
    #[command(after_long_help = invoice::HELP)]
    Invoice(invoice::InvoiceArgs),
    /// List the invoices that were checked.
    Invoices(invoice::InvoicesArgs),
    /// List the lines of an invoice that was checked.
    InvoiceLines(invoice::LinesArgs),
    /// List the differences that the newest list showed.
    Differences(differences::DifferencesArgs),
    /// Close a difference with a reason.
    Close(close::CloseArgs),
    /// List the lists that were sent.
    Lists(differences::ListsArgs),
}

/// Runs the command.
pub async fn run(session: &Session, args: ReconcileArgs) -> Outcome {
    let channels = session.connect(ClientRole::Operator)?;
    match args.command {
        Some(Command::Manifest(args)) => manifest::run(session, &channels, args).await,
        Some(Command::Manifests(args)) => manifest::list(session, &channels, args).await,
        Some(Command::Invoice(args)) => invoice::run(session, &channels, args).await,
        Some(Command::Invoices(args)) => invoice::invoices(session, &channels, args).await,
        Some(Command::InvoiceLines(args)) => invoice::lines(session, &channels, args).await,
        Some(Command::Differences(args)) => differences::run(session, &channels, args).await,
        Some(Command::Close(args)) => close::run(session, &channels, args).await,
        Some(Command::Lists(args)) => differences::lists(session, &channels, args).await,
        None => compare(session, &channels, args).await,
    }
}

async fn compare(session: &Session, channels: &Channels, args: ReconcileArgs) -> Outcome {
    let file = args.file.unwrap_or_default();
    let campaign = args.campaign.find(&channels.codes).await?;
    let zone = zone::named(&campaign.time_zone)?;
    let read = reconciliation::read(&file, &args.list.options()?, &zone)?;
    list::tell(&read.detected.0, &read.detected.1);
    let partner = partner::find(channels, &args.partner.unwrap_or_default()).await?;
    let header = Header {
        campaign_id: campaign.campaign_id.clone(),
        partner_id: partner.partner_id.clone(),
        as_of_time: as_of(args.as_of, &file, &zone)?,
    };
    let compared = reconciliation::send(channels, header, read).await?;
    tell(&compared);
    let wanted = wire::ListDifferencesRequest {
        campaign: campaign.campaign_id.clone(),
        partner_id: partner.partner_id,
        state: DifferenceState::Open.into(),
        ..wire::ListDifferencesRequest::default()
    };
    let open = reconciliation::differences(channels, wanted).await?;
    let is_repair = args.repair && !args.dry_run;
    let results = if is_repair {
        repair(channels, &campaign.campaign_id, &open).await?
    } else {
        open.iter().map(|it| would_be(it, args.dry_run)).collect()
    };
    let rows: Vec<render::Record> = (open.iter().zip(&results))
        .map(|(difference, result)| record::with_result(difference, result))
        .collect();
    render::many(
        session.format,
        &rows,
        "nothing to do: both books agree, or what differs is under way or closed",
    )?;
    let left = results.iter().filter(|result| *result != REPAIRED).count();
    match left {
        0 => Ok(()),
        1 => Err(Problem::refused("1 finding is open")),
        left => Err(Problem::refused(format!("{left} findings are open"))),
    }
}

/// What stands beside a difference that was repaired.
const REPAIRED: &str = "REPAIRED";

fn would_be(difference: &wire::Difference, dry_run: bool) -> String {
    let can = matches!(
        difference.suggested_action(),
        SuggestedAction::Replay | SuggestedAction::CorrectHere
    );
    let word = if dry_run && can {
        "would be repaired"
    } else {
        ""
    };
    word.to_owned()
}

/// Repairs what can be, and says of each difference what became of it.
async fn repair(
    channels: &Channels,
    campaign_id: &str,
    open: &[wire::Difference],
) -> Result<Vec<String>, Problem> {
    let ids: Vec<String> = open.iter().map(|it| it.difference_id.clone()).collect();
    let verdicts = reconciliation::repair(channels, campaign_id, &ids).await?;
    let words = verdicts.into_iter().map(|verdict| match verdict.result() {
        ItemResult::Applied | ItemResult::Unchanged => REPAIRED.to_owned(),
        _ => verdict.help,
    });
    Ok(words.collect())
}

/// Says in words what comparing came to.
fn tell(compared: &wire::Reconciliation) {
    let findings = compared.findings.iter().map(|count| {
        let kind = state(count.kind().as_str_name(), "DIFFERENCE_KIND_");
        format!("{} {kind}", with_commas(count.differences))
    });
    let findings: Vec<String> = findings.collect();
    let findings = match findings.as_slice() {
        [] => "no findings".to_owned(),
        some => format!("findings: {}", some.join(", ")),
    };
    ask::note(&format!(
        "as of {}: {} entries, {} agree; {} pending, {} closed before; {findings}",
        time(compared.as_of_time.as_ref()).unwrap_or_default(),
        with_commas(compared.entries),
        with_commas(compared.agreed),
        with_commas(compared.pending),
        with_commas(compared.closed),
    ));
}

/// Gives the end of the day, or when the file was written; not later than now.
fn as_of(day: Option<Date>, file: &Path, zone: &TimeZone) -> Result<WireTime, Problem> {
    let at = if let Some(day) = day {
        let next = day.tomorrow();
        let next = next.and_then(|day| zone.to_timestamp(day.at(0, 0, 0, 0)));
        let next = next.map_err(|_| Problem::usage("--as-of: there is no such day"))?;
        Timestamp::from_jiff(next)
    } else {
        let written = std::fs::metadata(file).and_then(|it| it.modified());
        let written = written.map_err(|error| Problem::file(file, &error))?;
        let since = written.duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::EPOCH + since
    };
    Ok(at.min(Clock::system().now()).to_proto())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_in_the_zone_of_the_campaign() {
        let zone = TimeZone::get("America/Indiana/Indianapolis").unwrap();
        let day = Some(jiff::civil::date(2015, 8, 1));
        let at = as_of(day, Path::new("none"), &zone).unwrap();
        let at = Timestamp::from_proto(&at).unwrap();
        assert_eq!(at, "2015-08-02T04:00:00Z".parse().unwrap());
    }
}
