//! `redress reconcile manifest`: what a partner should have, in seven lines.

use clap::Args;

use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::Channels;
use crate::client::convert::state;
use crate::client::partner;
use crate::client::problem::{OrProblem, Outcome};
use crate::wire::redress::handoff::v1 as wire;
use wire::reconciliation_service_client::ReconciliationServiceClient;

/// How a partner computes the same.
pub const HELP: &str =
    "The partner computes the same from its own books, for each state from a file with one handoff_id a line, in small letters:
  LC_ALL=C sort active.txt | sha256sum
  wc -l active.txt

Where a line differs, `redress reconcile FILE` with the partner's list tells by whom.";

/// Flags of `reconcile manifest`.
#[derive(Debug, Args)]
pub struct ManifestArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The partner's name.
    #[arg(long, value_name = "NAME")]
    partner: String,
}

pub(super) async fn run(session: &Session, channels: &Channels, args: ManifestArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let partner = partner::find(channels, &args.partner).await?;
    let request = wire::GetManifestRequest {
        campaign: campaign.campaign_id,
        partner_id: partner.partner_id,
    };
    let answer = ReconciliationServiceClient::new(channels.handoff.clone())
        .get_manifest(request)
        .await;
    let manifest = answer.or_problem("get the manifest")?.manifest;
    let states = manifest.unwrap_or_default().states;
    let rows = states.iter().map(|line| {
        Record::new()
            .with("state", state(line.state().as_str_name(), "HANDOFF_STATE_"))
            .with("handoffs", line.handoffs)
            .with("sha256", line.sha256.as_str())
    });
    let rows: Vec<Record> = rows.collect();
    render::many(session.format, &rows, "there is nothing in it")
}
