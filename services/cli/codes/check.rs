//! `redress codes check`: whether a code is good.

use clap::Args;

use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::Channels;
use crate::client::convert::time;
use crate::client::problem::{OrProblem, Outcome};
use crate::wire::redress::enrollment::v1 as wire;
use wire::enrollment_code_service_client::EnrollmentCodeServiceClient;

/// Flags of `codes check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The code as it stands in the letter; case, dashes and O for 0 do not matter.
    code: String,
}

pub(super) async fn run(session: &Session, channels: &Channels, args: CheckArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let request = wire::CheckCodeRequest {
        campaign: campaign.engagement_number,
        code: args.code,
    };
    let response = EnrollmentCodeServiceClient::new(channels.codes.clone())
        .check_code(request)
        .await;
    let expires = response.or_problem("use this code")?.expire_time;
    let record = Record::new()
        .with("usable", true)
        .with("expires", time(expires.as_ref()));
    render::one(session.format, &record)
}
