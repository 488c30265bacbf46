//! `redress codes reissue`: another letter for somebody.

use clap::{Args, ValueEnum};

use super::lineage::{explain, record};
use super::whose::WhoseArg;
use crate::cli::campaign::which::CampaignArg;
use crate::cli::render;
use crate::cli::session::Session;
use crate::client::connect::Channels;
use crate::client::problem::{OrProblem, Outcome};
use crate::client::request::new_request_id;
use crate::wire::redress::enrollment::v1 as wire;
use wire::enrollment_code_service_client::EnrollmentCodeServiceClient;

/// Flags of `codes reissue`.
#[derive(Debug, Args)]
pub struct ReissueArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    #[command(flatten)]
    whose: WhoseArg,
    /// Why.
    #[arg(long, value_enum)]
    reason: Why,
}

/// Why somebody gets another letter.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Why {
    /// The person had the letter and lost it.
    Lost,
    /// The letter did not come.
    NotReceived,
    /// The letter cannot be read.
    Damaged,
    /// The address on record was wrong and has been corrected.
    AddressCorrected,
    /// Somebody else may know the code.
    Compromised,
}

impl From<Why> for wire::ReissueReason {
    fn from(why: Why) -> Self {
        match why {
            Why::Lost => Self::Lost,
            Why::NotReceived => Self::NotReceived,
            Why::Damaged => Self::Damaged,
            Why::AddressCorrected => Self::AddressCorrected,
            Why::Compromised => Self::Compromised,
        }
    }
}

pub(super) async fn run(session: &Session, channels: &Channels, args: ReissueArgs) -> Outcome {
    let (individual_id, code) = args.whose.read()?;
    let campaign = args.campaign.find(&channels.codes).await?;
    let request = wire::ReissueCodeRequest {
        request_id: new_request_id(),
        campaign: campaign.engagement_number,
        individual_id,
        code,
        reason: wire::ReissueReason::from(args.reason).into(),
        ..wire::ReissueCodeRequest::default()
    };
    let answer = EnrollmentCodeServiceClient::new(channels.codes.clone())
        .reissue_code(request)
        .await;
    let letter = answer.or_problem("send another letter")?.letter_code;
    let letter = letter.unwrap_or_default();
    render::one(session.format, &record(&letter))?;
    explain(&letter);
    Ok(())
}
