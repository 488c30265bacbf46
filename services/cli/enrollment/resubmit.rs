//! `redress enrollment resubmit`: coverages that are ordered again, and partners that are told what was corrected.

use clap::Args;

use super::show::{client, show};
use crate::cli::campaign::which::CampaignArg;
use crate::cli::session::Session;
use crate::client::connect::Channels;
use crate::client::problem::{OrProblem, Outcome};
use crate::client::request::new_request_id;
use crate::wire::redress::enrollment::v1 as wire;

/// When to order again.
pub const HELP: &str = "`redress enrollment show ID` says what the partner answered and what has to be mended first. An operator can order \
again after INVALID_INPUT, NO_HIT, FILE_FROZEN, IDENTITY_NOT_CONFIRMED, VICTIM_ALERT, SSN_MISMATCH, PRODUCT_CONFIG and OTHER. A coverage has at \
most ten attempts.\n\nThe bureau of a coverage that runs is told the person's data as they are now: a move, another name, another e-mail \
address or telephone. `redress handoff list` shows that as UPDATE_PERSON; the coverage goes on as it is.";

/// Flags of `enrollment resubmit`.
#[derive(Debug, Args)]
pub struct ResubmitArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The enrollment's id.
    enrollment_id: String,
    /// Only this coverage; repeat for several. Without it every coverage that runs or can be ordered again.
    #[arg(long = "coverage", value_name = "ID")]
    coverages: Vec<String>,
}

pub(super) async fn run(session: &Session, channels: &Channels, args: ResubmitArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let request = wire::ResubmitEnrollmentRequest {
        request_id: new_request_id(),
        campaign: campaign.campaign_id,
        enrollment_id: args.enrollment_id,
        coverage_ids: args.coverages,
        verification_id: String::new(),
    };
    let answer = client(channels).resubmit_enrollment(request).await;
    let ordered = answer.or_problem("order again")?.enrollment;
    show(session, &ordered.unwrap_or_default())
}
