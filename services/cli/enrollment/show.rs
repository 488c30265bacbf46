//! `redress enrollment show`: one enrollment with its coverages.

use clap::Args;
use tonic::transport::Channel;

use super::record;
use crate::cli::ask;
use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::connect::Channels;
use crate::client::problem::{OrProblem, Outcome, Problem};
use crate::wire::redress::enrollment::v1 as wire;
use wire::enrollment_service_client::EnrollmentServiceClient;
use wire::get_enrollment_request::Which;

/// Flags of `enrollment show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    #[command(flatten)]
    which: Named,
}

/// Names an enrollment.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Named {
    /// The enrollment's id.
    enrollment_id: Option<String>,
    /// The newest enrollment of the person whom this verification found, while it is good.
    #[arg(long, value_name = "ID")]
    verification: Option<String>,
    /// The newest enrollment of the person whose letter has this code: `-` asks for it.
    #[arg(long, value_name = "-", value_parser = ["-"])]
    code: Option<String>,
}

/// Shows the enrollment that is named.
pub(super) async fn run(session: &Session, channels: &Channels, args: ShowArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?.campaign_id;
    let which = match (args.which.verification, args.which.code) {
        (Some(id), _) => Which::VerificationId(id),
        (None, Some(_)) => Which::Code(ask::letter_code()?),
        (None, None) => Which::EnrollmentId(args.which.enrollment_id.unwrap_or_default()),
    };
    show(session, &get(channels, campaign, which).await?)
}

/// Shows an enrollment with its coverages.
pub(super) fn show(session: &Session, enrollment: &wire::Enrollment) -> Outcome {
    let coverages: Vec<Record> = enrollment.coverages.iter().map(record::coverage).collect();
    render::one_with(
        session.format,
        &record::head(enrollment),
        "coverages",
        &coverages,
        "nothing is ordered yet",
    )
}

/// Gets an enrollment.
pub(super) async fn get(
    channels: &Channels,
    campaign: String,
    which: Which,
) -> Result<wire::Enrollment, Problem> {
    let request = wire::GetEnrollmentRequest {
        campaign,
        which: Some(which),
    };
    let answer = client(channels).get_enrollment(request).await;
    let found = answer.or_problem("show the enrollment")?.enrollment;
    Ok(found.unwrap_or_default())
}

/// Calls enrollment-codes.
pub(super) fn client(channels: &Channels) -> EnrollmentServiceClient<Channel> {
    EnrollmentServiceClient::new(channels.codes.clone())
}
