//! Batches and waves: finding, issuing, sealing.

use crate::client::connect::Channels;
use crate::client::paging::{PAGE_SIZE, read_all};
use crate::client::problem::{OrProblem, Problem};
use crate::client::progress::{Show, Unit};
use crate::client::request::new_request_id;
use crate::kernel::ids::WaveId;
use crate::wire::redress::enrollment::v1 as wire;
use wire::enrollment_code_service_client::EnrollmentCodeServiceClient;
use wire::issue_codes_response::Step;

/// Gives a campaign's batches, newest first.
pub async fn batches(
    channels: &Channels,
    campaign_id: &str,
) -> Result<Vec<wire::CodeBatch>, Problem> {
    let mut client = EnrollmentCodeServiceClient::new(channels.codes.clone());
    read_all(async |page_token| {
        let request = wire::ListBatchesRequest {
            campaign: campaign_id.to_owned(),
            page_size: PAGE_SIZE,
            page_token,
        };
        let answer = client.list_batches(request).await;
        let page = answer.or_problem("list the batches")?;
        Ok((page.batches, page.next_page_token))
    })
    .await
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

/// Gives a campaign's waves, newest first.
pub async fn waves(channels: &Channels, campaign_id: &str) -> Result<Vec<wire::Wave>, Problem> {
    let mut client = EnrollmentCodeServiceClient::new(channels.codes.clone());
    read_all(async |page_token| {
        let request = wire::ListWavesRequest {
            campaign: campaign_id.to_owned(),
            page_size: PAGE_SIZE,
            page_token,
        };
        let answer = client.list_waves(request).await;
        let page = answer.or_problem("list the waves")?;
        Ok((page.waves, page.next_page_token))
    })
    .await
}

/// Finds the id of a wave by its name; an id is given back as it is.
pub async fn wave_id(
    channels: &Channels,
    campaign_id: &str,
    name: &str,
) -> Result<String, Problem> {
    if name.parse::<WaveId>().is_ok() {
        return Ok(name.to_owned());
    }
    let waves = waves(channels, campaign_id).await?;
    let found = waves.into_iter().find(|wave| wave.name == name);
    found.map(|wave| wave.wave_id).ok_or_else(|| {
        Problem::usage(format!(
            "this campaign has no wave named {name:?}; `redress codes waves` shows them"
        ))
    })
}

/// Issues a batch for a wave. With an empty `wave_id` it is for everybody who is owed a letter and never had a code. Gives
/// `None` when nobody is.
pub async fn issue(
    channels: &Channels,
    campaign_id: &str,
    wave_id: String,
    show: Show,
) -> Result<Option<wire::CodeBatch>, Problem> {
    let request = wire::IssueCodesRequest {
        request_id: new_request_id(),
        campaign: campaign_id.to_owned(),
        wave_id,
    };
    let mut client = EnrollmentCodeServiceClient::new(channels.codes.clone());
    let doing = "issue codes";
    let mut answers = client.issue_codes(request).await.or_problem(doing)?;
    let progress = show("issuing codes", Unit::Pieces);
    let mut result = None;
    while let Some(answer) = answers
        .message()
        .await
        .map_err(|status| Problem::from_status(doing, &status))?
    {
        let count = |count: i64| u64::try_from(count).unwrap_or(0);
        match answer.step {
            Some(Step::Progress(step)) => progress.set(count(step.issued), count(step.owed)),
            Some(Step::Result(end)) => result = Some(end),
            None => {}
        }
    }
    result.map(|end| end.batch).ok_or_else(|| {
        Problem::usage(
            "cannot issue codes: enrollment-codes ended without a result; run the command again",
        )
    })
}

/// Seals a batch.
pub async fn seal(
    channels: &Channels,
    batch: &wire::CodeBatch,
) -> Result<wire::CodeBatch, Problem> {
    let request = wire::SealBatchRequest {
        request_id: new_request_id(),
        campaign: batch.campaign_id.clone(),
        batch_id: batch.batch_id.clone(),
    };
    let response = EnrollmentCodeServiceClient::new(channels.codes.clone())
        .seal_batch(request)
        .await;
    Ok(response
        .or_problem("seal the batch")?
        .batch
        .unwrap_or_default())
}
