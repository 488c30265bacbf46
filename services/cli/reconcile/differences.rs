//! `redress reconcile differences` and `lists`: what the lists showed.

use clap::Args;

use super::record;
use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::Channels;
use crate::client::convert::{parse_value, state, time};
use crate::client::paging::{PAGE_SIZE, read_all};
use crate::client::problem::{OrProblem, Outcome, Problem};
use crate::client::{partner, reconciliation};
use crate::wire::redress::handoff::v1 as wire;
use wire::reconciliation_service_client::ReconciliationServiceClient;
use wire::{DifferenceKind, DifferenceState};

/// Flags of `reconcile differences`.
#[derive(Debug, Args)]
pub struct DifferencesArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// Only this partner's.
    #[arg(long, value_name = "NAME")]
    partner: Option<String>,
    /// Only this state: pending, open, repaired, closed or resolved.
    #[arg(long, value_name = "STATE", default_value = "open", value_parser = state_of)]
    state: DifferenceState,
    /// All states.
    #[arg(long, conflicts_with = "state")]
    all: bool,
    /// Only this kind: missing-there, unknown-here, unexpected-there, states-differ or references-differ.
    #[arg(long, value_name = "KIND", value_parser = kind_of)]
    kind: Option<DifferenceKind>,
}

/// Flags of `reconcile lists`.
#[derive(Debug, Args)]
pub struct ListsArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// Only this partner's.
    #[arg(long, value_name = "NAME")]
    partner: Option<String>,
}

pub(super) async fn run(session: &Session, channels: &Channels, args: DifferencesArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let state = if args.all {
        DifferenceState::Unspecified
    } else {
        args.state
    };
    let wanted = wire::ListDifferencesRequest {
        campaign: campaign.campaign_id,
        partner_id: partner_id(channels, args.partner.as_deref()).await?,
        state: state.into(),
        kind: args.kind.unwrap_or_default().into(),
        ..wire::ListDifferencesRequest::default()
    };
    let found = reconciliation::differences(channels, wanted).await?;
    let rows: Vec<Record> = found.iter().map(record::whole).collect();
    render::many(
        session.format,
        &rows,
        "no difference stands so; `redress reconcile lists` shows what was compared",
    )
}

pub(super) async fn lists(session: &Session, channels: &Channels, args: ListsArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let partner_id = partner_id(channels, args.partner.as_deref()).await?;
    let mut client = ReconciliationServiceClient::new(channels.handoff.clone());
    let found = read_all(async |page_token| {
        let request = wire::ListReconciliationsRequest {
            campaign: campaign.campaign_id.clone(),
            partner_id: partner_id.clone(),
            page_size: PAGE_SIZE,
            page_token,
        };
        let answer = client.list_reconciliations(request).await;
        let page = answer.or_problem("list the lists")?;
        Ok((page.reconciliations, page.next_page_token))
    });
    let rows: Vec<Record> = found.await?.iter().map(list).collect();
    render::many(
        session.format,
        &rows,
        "no partner's list was compared yet; `redress reconcile --help` shows how",
    )
}

/// Nothing where no partner is named.
async fn partner_id(channels: &Channels, name: Option<&str>) -> Result<String, Problem> {
    match name {
        Some(name) => Ok(partner::find(channels, name).await?.partner_id),
        None => Ok(String::new()),
    }
}

fn list(it: &wire::Reconciliation) -> Record {
    let findings: i64 = it.findings.iter().map(|count| count.differences).sum();
    Record::new()
        .with("reconciliation_id", it.reconciliation_id.as_str())
        .with(
            "state",
            state(it.state().as_str_name(), "RECONCILIATION_STATE_"),
        )
        .with("as_of", time(it.as_of_time.as_ref()))
        .with("entries", it.entries)
        .with("agreed", it.agreed)
        .with("pending", it.pending)
        .with("closed", it.closed)
        .with("findings", findings)
        .with("started", time(it.start_time.as_ref()))
        .with("partner_id", it.partner_id.as_str())
}

fn state_of(text: &str) -> Result<DifferenceState, String> {
    parse_value(text, DifferenceState::as_str_name, "DIFFERENCE_STATE_")
}

fn kind_of(text: &str) -> Result<DifferenceKind, String> {
    parse_value(text, DifferenceKind::as_str_name, "DIFFERENCE_KIND_")
}
