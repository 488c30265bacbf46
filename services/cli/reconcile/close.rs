//! `redress reconcile close`: a difference that needs nothing more.

use clap::Args;

use super::record;
use crate::cli::campaign::which::CampaignArg;
use crate::cli::render;
use crate::cli::session::Session;
use crate::client::connect::Channels;
use crate::client::convert::parse_value;
use crate::client::problem::{OrProblem, Outcome};
use crate::client::request::new_request_id;
use crate::wire::redress::handoff::v1 as wire;
use wire::CloseReason;
use wire::reconciliation_service_client::ReconciliationServiceClient;

/// Flags of `reconcile close`.
#[derive(Debug, Args)]
pub struct CloseArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The difference's id.
    difference_id: String,
    /// Why: canceled-there, partner-corrects, person-decided, not-ours, left-as-is or other.
    #[arg(long, value_name = "REASON", value_parser = reason_of)]
    reason: CloseReason,
    /// What else there is to say, without personal data; needed with other.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    note: String,
}

pub(super) async fn run(session: &Session, channels: &Channels, args: CloseArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let request = wire::CloseDifferenceRequest {
        request_id: new_request_id(),
        campaign: campaign.campaign_id,
        difference_id: args.difference_id,
        reason: args.reason.into(),
        note: args.note,
    };
    let answer = ReconciliationServiceClient::new(channels.handoff.clone())
        .close_difference(request)
        .await;
    let closed = answer.or_problem("close the difference")?.difference;
    render::one(session.format, &record::whole(&closed.unwrap_or_default()))
}

fn reason_of(text: &str) -> Result<CloseReason, String> {
    parse_value(text, CloseReason::as_str_name, "CLOSE_REASON_")
}
