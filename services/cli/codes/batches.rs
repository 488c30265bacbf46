//! `redress codes batches`: what was issued.

use crate::cli::Session;
use crate::cli::campaign::CampaignArg;
use crate::cli::connect::Channels;
use crate::cli::problem::{OrSay, Outcome, Problem};
use crate::cli::render::{self, Record};
use crate::cli::wire_words::{state, time};
use crate::wire::redress::enrollment::v1 as wire;
use wire::enrollment_code_service_client::EnrollmentCodeServiceClient;

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

/// Gives a campaign's batches, newest first.
pub async fn batches(
    channels: &Channels,
    campaign_id: &str,
) -> Result<Vec<wire::CodeBatch>, Problem> {
    let mut client = EnrollmentCodeServiceClient::new(channels.codes.clone());
    let mut found = Vec::new();
    let mut page_token = String::new();
    loop {
        let campaign_id = campaign_id.to_owned();
        let request = wire::ListBatchesRequest {
            campaign_id,
            page_size: 500,
            page_token,
        };
        let page = client
            .list_batches(request)
            .await
            .or_say("list the batches")?;
        found.extend(page.batches);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(found);
        }
    }
}

/// Finds the batch to work on: the one named, or the only open one.
pub async fn open_batch(
    channels: &Channels,
    campaign_id: &str,
    named: Option<&str>,
) -> Result<wire::CodeBatch, Problem> {
    let mut all = batches(channels, campaign_id).await?;
    if let Some(named) = named {
        let found = all.into_iter().find(|batch| batch.batch_id == named);
        return found.ok_or_else(|| {
            Problem::usage("this campaign has no such batch; `redress codes batches` shows them")
        });
    }
    all.retain(|batch| batch.codes > 0);
    let newest_sealed = all.first().cloned();
    let mut open = all
        .into_iter()
        .filter(|batch| batch.state() == wire::BatchState::Open);
    match (open.next(), open.next(), newest_sealed) {
        (Some(only), None, _) => Ok(only),
        (Some(_), Some(_), _) => Err(Problem::usage(
            "several batches are open; say which: --batch ID (`redress codes batches` shows them)",
        )),
        // The server says why a sealed batch cannot be used.
        (None, _, Some(sealed)) => Ok(sealed),
        (None, _, None) => Err(Problem::usage(
            "there is no batch yet; `redress codes issue` makes one",
        )),
    }
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
