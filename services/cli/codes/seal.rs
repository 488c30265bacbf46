//! `redress codes seal`: the end of a batch's secret.

use clap::Args;

use super::batches::{open_batch, record};
use crate::cli::campaign::CampaignArg;
use crate::cli::connect::Channels;
use crate::cli::problem::{OrSay, Outcome, Problem};
use crate::cli::render;
use crate::cli::{Session, ask, new_request_id};
use crate::wire::redress::enrollment::v1 as wire;
use wire::enrollment_code_service_client::EnrollmentCodeServiceClient;

/// Flags of `codes seal`.
#[derive(Debug, Args)]
pub struct SealArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The batch; not needed while only one is open.
    #[arg(long, value_name = "ID")]
    batch: Option<String>,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

/// Seals a batch.
pub async fn seal(
    channels: &Channels,
    batch: &wire::CodeBatch,
) -> Result<wire::CodeBatch, Problem> {
    let request = wire::SealBatchRequest {
        request_id: new_request_id(),
        campaign_id: batch.campaign_id.clone(),
        batch_id: batch.batch_id.clone(),
    };
    let response = EnrollmentCodeServiceClient::new(channels.codes.clone())
        .seal_batch(request)
        .await;
    Ok(response.or_say("seal the batch")?.batch.unwrap_or_default())
}

pub(super) async fn run(session: &Session, channels: &Channels, args: SealArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let batch = open_batch(channels, &campaign.campaign_id, args.batch.as_deref()).await?;
    if !args.yes {
        let (id, letters) = (&batch.batch_id, batch.codes - batch.withheld);
        let question = if batch.first_export_time.is_some() {
            format!(
                "Seal batch {id} with {letters} letters? Nobody can recover a code afterwards: have all of them been printed?"
            )
        } else {
            format!(
                "Seal batch {id}? Its {letters} letters were never exported: nobody will ever get one of them."
            )
        };
        if !ask::yes(&question)? {
            return Err(Problem::refused("nothing was sealed"));
        }
    }
    render::one(session.format, &record(&seal(channels, &batch).await?))
}
