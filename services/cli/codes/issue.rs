//! `redress codes issue`: a batch of codes.

use clap::Args;

use super::batches::record;
use super::waves::wave_id;
use crate::cli::campaign::CampaignArg;
use crate::cli::connect::Channels;
use crate::cli::problem::{OrSay, Outcome, Problem};
use crate::cli::render;
use crate::cli::{Session, new_request_id, progress};
use crate::wire::redress::enrollment::v1 as wire;
use wire::enrollment_code_service_client::EnrollmentCodeServiceClient;

/// Flags of `codes issue`.
#[derive(Debug, Args)]
pub struct IssueArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The wave to issue for, by its name or id; without one everybody who is owed a letter and never had a code gets one.
    #[arg(long, value_name = "NAME")]
    wave: Option<String>,
}

pub(super) async fn run(session: &Session, channels: &Channels, args: IssueArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let wave = match &args.wave {
        Some(name) => wave_id(channels, &campaign.campaign_id, name).await?,
        None => String::new(),
    };
    let batch = issue_wave(channels, &campaign.campaign_id, wave).await?;
    let nothing = if args.wave.is_some() {
        "nothing to issue: nobody whom the wave selects is owed a code and has none"
    } else {
        "nothing to issue: nobody is owed a code and has none"
    };
    let batch = batch.as_ref().map(record);
    render::one_or_none(session.format, batch.as_ref(), nothing)
}

/// Issues a batch for everybody who is owed a letter and never had a code, showing how far it is; nothing where nobody is.
pub async fn issue(
    channels: &Channels,
    campaign_id: &str,
) -> Result<Option<wire::CodeBatch>, Problem> {
    issue_wave(channels, campaign_id, String::new()).await
}

async fn issue_wave(
    channels: &Channels,
    campaign_id: &str,
    wave_id: String,
) -> Result<Option<wire::CodeBatch>, Problem> {
    let request = wire::IssueCodesRequest {
        request_id: new_request_id(),
        campaign_id: campaign_id.to_owned(),
        wave_id,
    };
    let mut client = EnrollmentCodeServiceClient::new(channels.codes.clone());
    let doing = "issue codes";
    let mut answers = client.issue_codes(request).await.or_say(doing)?;
    let bar = progress::pieces("issuing codes", 0);
    let (mut batch, mut nobody_owed) = (None, false);
    while let Some(answer) = answers
        .message()
        .await
        .map_err(|status| Problem::from_status(doing, &status))?
    {
        bar.set_length(u64::try_from(answer.owed).unwrap_or(0));
        bar.set_position(u64::try_from(answer.issued).unwrap_or(0));
        batch = answer.batch.or(batch);
        nobody_owed = answer.nobody_owed;
    }
    bar.finish();
    if batch.is_none() && !nobody_owed {
        return Err(Problem::usage(
            "cannot issue codes: enrollment-codes ended without a batch; run the command again",
        ));
    }
    Ok(batch)
}
