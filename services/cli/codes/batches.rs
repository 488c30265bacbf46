//! `redress codes batches` and `redress codes batch`: what was issued.

use clap::Args;

use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::codes::batches;
use crate::client::connect::Channels;
use crate::client::convert::{state, time};
use crate::client::problem::{OrProblem, Outcome};
use crate::wire::redress::enrollment::v1 as wire;
use wire::enrollment_code_service_client::EnrollmentCodeServiceClient;

/// Flags of `codes batch`.
#[derive(Debug, Args)]
pub struct BatchArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The batch's id; `redress codes batches` shows it.
    batch_id: String,
}

pub(super) async fn list(
    session: &Session,
    channels: &Channels,
    campaign: &CampaignArg,
) -> Outcome {
    let campaign = campaign.find(&channels.codes).await?;
    let batches = batches(channels, &campaign.campaign_id).await?;
    let rows: Vec<Record> = batches.iter().map(record).collect();
    render::many(
        session.format,
        &rows,
        "no batches yet; `redress codes issue` makes one",
    )
}

pub(super) async fn show(session: &Session, channels: &Channels, args: BatchArgs) -> Outcome {
    let campaign = args.campaign.find(&channels.codes).await?;
    let request = wire::GetBatchRequest {
        campaign: campaign.campaign_id,
        batch_id: args.batch_id,
    };
    let answer = EnrollmentCodeServiceClient::new(channels.codes.clone())
        .get_batch(request)
        .await;
    let batch = answer.or_problem("show the batch")?.batch;
    render::one(session.format, &record(&batch.unwrap_or_default()))
}

pub(super) fn record(batch: &wire::CodeBatch) -> Record {
    Record::new()
        .with("batch_id", batch.batch_id.as_str())
        .with("wave_id", batch.wave_id.as_str())
        .with("state", state(batch.state().as_str_name(), "BATCH_STATE_"))
        .with("codes", batch.codes)
        .with("created", time(batch.create_time.as_ref()))
        .with("completed", time(batch.complete_time.as_ref()))
        .with("sealed", time(batch.seal_time.as_ref()))
        .with("first_export", time(batch.first_export_time.as_ref()))
        .with("withheld", batch.withheld)
}
