//! `redress codes batches`: what was issued.

use crate::cli::campaign::which::CampaignArg;
use crate::cli::render::{self, Record};
use crate::cli::session::Session;
use crate::client::codes::batches;
use crate::client::connect::Channels;
use crate::client::convert::{state, time};
use crate::client::problem::Outcome;
use crate::wire::redress::enrollment::v1 as wire;

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
