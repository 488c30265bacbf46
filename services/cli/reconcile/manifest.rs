//! `redress reconcile manifest` and `manifests`: what a partner should have, in seven lines, now or on a day that was kept.

use clap::Args;
use jiff::civil::Date;

use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::Channels;
use crate::client::convert::{date, parse_date, state, time, wire_date};
use crate::client::paging::{PAGE_SIZE, read_up_to};
use crate::client::partner;
use crate::client::problem::{OrProblem, Outcome};
use crate::wire::redress::handoff::v1 as wire;
use wire::reconciliation_service_client::ReconciliationServiceClient;

/// How a partner computes the same.
pub const HELP: &str =
    "The partner computes the same from its own books, for each state from a file with one handoff_id a line, in small letters:
  LC_ALL=C sort active.txt | sha256sum
  wc -l active.txt

A manifest of each day is kept, of the books as they stood soon after its midnight in the campaign's time zone: --date shows it, and
`redress reconcile manifests` lists the days.

Where a line differs, `redress reconcile FILE` with the partner's list tells by whom.";

/// Flags of `reconcile manifest`.
#[derive(Debug, Args)]
pub struct ManifestArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The partner's name.
    #[arg(long, value_name = "NAME")]
    partner: String,
    /// The manifest that was kept of this day; without it, what the books say now.
    #[arg(long, value_name = "DAY", value_parser = parse_date)]
    date: Option<Date>,
}

/// Flags of `reconcile manifests`.
#[derive(Debug, Args)]
pub struct ManifestsArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The partner's name.
    #[arg(long, value_name = "NAME")]
    partner: String,
    /// At most so many days; without it all.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

pub(super) async fn run(session: &Session, channels: &Channels, args: ManifestArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let partner = partner::find(channels, &args.partner).await?;
    let request = wire::GetManifestRequest {
        campaign: campaign.campaign_id,
        partner_id: partner.partner_id,
        date: args.date.map(wire_date),
    };
    let answer = ReconciliationServiceClient::new(channels.handoff.clone())
        .get_manifest(request)
        .await;
    let manifest = answer.or_problem("get the manifest")?.manifest;
    let states = manifest.unwrap_or_default().states;
    let rows = states.iter().map(|line| {
        Record::new()
            .with("state", state_of(line))
            .with("handoffs", line.handoffs)
            .with("sha256", line.sha256.as_str())
    });
    let rows: Vec<Record> = rows.collect();
    render::many(session.format, &rows, "there is nothing in it")
}

/// Lists the days that were kept.
pub(super) async fn list(session: &Session, channels: &Channels, args: ManifestsArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let partner = partner::find(channels, &args.partner).await?;
    let mut client = ReconciliationServiceClient::new(channels.handoff.clone());
    let found = read_up_to(args.limit.unwrap_or(usize::MAX), async |page_token| {
        let request = wire::ListManifestsRequest {
            campaign: campaign.campaign_id.clone(),
            partner_id: partner.partner_id.clone(),
            page_size: PAGE_SIZE,
            page_token,
        };
        let answer = client.list_manifests(request).await;
        let page = answer.or_problem("list the manifests")?;
        Ok((page.manifests, page.next_page_token))
    });
    let rows: Vec<Record> = found.await?.iter().map(day).collect();
    render::many(
        session.format,
        &rows,
        "no manifest was kept yet: the first one is, soon after the partner has acknowledged something",
    )
}

/// A day in one line: all that the partner had, and how many are active.
fn day(manifest: &wire::Manifest) -> Record {
    let all: i64 = manifest.states.iter().map(|line| line.handoffs).sum();
    let active = (manifest.states.iter())
        .find(|line| line.state() == wire::HandoffState::Active)
        .map_or(0, |line| line.handoffs);
    Record::new()
        .with("date", date(manifest.date.as_ref()))
        .with("as_of", time(manifest.as_of_time.as_ref()))
        .with("handoffs", all)
        .with("active", active)
}

fn state_of(line: &wire::ManifestState) -> String {
    state(line.state().as_str_name(), "HANDOFF_STATE_")
}
