//! Batches of codes on the wire.

mod approvals;

use futures::{Stream, StreamExt};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Request;

use crate::codes::context::Context;
use crate::codes::convert::{page_size, time};
use crate::codes::error::Error;
use crate::db::entities::code_batch::{Model, State};
use crate::kernel::fields::Fields;
use crate::kernel::ids::{BatchId, IndividualId, WaveId};
use crate::kernel::paging::{self, Room};
use crate::kernel::server::largest_of;
use crate::process::Call;
use crate::wire::redress::enrollment::v1 as wire;

use super::export::{Export, Plain};
use super::issue::{Issue, Progress};
use super::seal;

pub use approvals::{approve_export, list_export_approvals, request_export};

/// Messages that wait for a slow reader; beyond that the work waits.
pub const AHEAD: usize = 2;

/// Issues codes, and tells how far it is.
pub async fn issue_codes(
    context: &Context,
    request: Request<wire::IssueCodesRequest>,
) -> Result<impl Stream<Item = Result<wire::IssueCodesResponse, Error>> + use<>, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let wave: Option<WaveId> = fields.maybe_id("wave_id", &message.wave_id);
    fields.finish()?;
    let request = call.request(context, id, "IssueCodes", message)?;
    let issue = Issue::begin(context, &call, &request, campaign, wave).await?;
    let (sender, progress) = mpsc::channel(AHEAD);
    tokio::spawn(issue.run(sender));
    Ok(ReceiverStream::new(progress).map(|progress| progress.map(issued)))
}

/// Exports the codes of a batch.
pub async fn export_codes(
    context: &Context,
    request: Request<wire::ExportCodesRequest>,
) -> Result<impl Stream<Item = Result<wire::ExportCodesResponse, Error>> + use<>, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let batch: BatchId = fields.id("batch_id", &message.batch_id);
    let after: Option<IndividualId> =
        fields.maybe_id("after_individual_id", &message.after_individual_id);
    fields.finish()?;
    let export = Export::begin(context, &call, campaign, batch, after).await?;
    let (sender, pages) = mpsc::channel(AHEAD);
    tokio::spawn(export.run(sender));
    Ok(ReceiverStream::new(pages).map(|page| page.map(exported)))
}

/// Seals a batch.
pub async fn seal_batch(
    context: &Context,
    request: Request<wire::SealBatchRequest>,
) -> Result<wire::SealBatchResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let batch_id: BatchId = fields.id("batch_id", &message.batch_id);
    fields.finish()?;
    let request = call.request(context, id, "SealBatch", message)?;
    let sealed = seal::seal_batch(context, &call, &request, campaign, batch_id).await?;
    Ok(wire::SealBatchResponse {
        batch: Some(batch(&sealed)),
    })
}

/// Gets a batch.
pub async fn get_batch(
    context: &Context,
    request: Request<wire::GetBatchRequest>,
) -> Result<wire::GetBatchResponse, Error> {
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let id: BatchId = fields.id("batch_id", &message.batch_id);
    fields.finish()?;
    let found = seal::get_batch(context, campaign, id).await?;
    Ok(wire::GetBatchResponse {
        batch: Some(batch(&found)),
    })
}

/// Lists a campaign's batches.
pub async fn list_batches(
    context: &Context,
    request: Request<wire::ListBatchesRequest>,
) -> Result<wire::ListBatchesResponse, Error> {
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    fields.finish()?;
    let size = page_size(message.page_size)?;
    let filter: [&[u8]; 2] = [b"batches", campaign.as_bytes()];
    let before = paging::page_after(&filter, &message.page_token)?;
    let found = seal::list_batches(context, campaign, before, size).await?;
    let entries = found.iter().map(|found| (found.id, batch(found)));
    let room = Room {
        rows: size,
        bytes: largest_of(&request),
        filter: &filter,
    };
    let (batches, next_page_token) = paging::page(entries, &room);
    Ok(wire::ListBatchesResponse {
        batches,
        next_page_token,
    })
}

fn issued(progress: Progress) -> wire::IssueCodesResponse {
    use wire::issue_codes_response::Step;
    let step = match progress {
        Progress::Issued {
            batch: filled,
            issued,
            owed,
        } => Step::Progress(wire::IssueProgress {
            batch_id: filled.map(|id| id.to_string()).unwrap_or_default(),
            issued,
            owed,
        }),
        Progress::Done(done) => Step::Result(wire::IssueResult {
            batch: Some(batch(&done)),
            nobody_owed: false,
        }),
        Progress::Nobody => Step::Result(wire::IssueResult {
            batch: None,
            nobody_owed: true,
        }),
    };
    wire::IssueCodesResponse { step: Some(step) }
}

fn exported(page: Vec<Plain>) -> wire::ExportCodesResponse {
    let codes = page.into_iter().map(|plain| wire::PlainCode {
        individual_id: plain.individual.to_string(),
        without_code: plain.code.is_none(),
        code: plain.code.map(|code| code.expose()).unwrap_or_default(),
        generation: plain.generation,
        seed: plain.seed,
        ..wire::PlainCode::default()
    });
    wire::ExportCodesResponse {
        codes: codes.collect(),
    }
}

/// Writes a batch.
fn batch(batch: &Model) -> wire::CodeBatch {
    let state = match batch.state {
        State::Open => wire::BatchState::Open,
        State::Sealed => wire::BatchState::Sealed,
    };
    wire::CodeBatch {
        batch_id: batch.id.to_string(),
        campaign_id: batch.campaign_id.to_string(),
        state: state.into(),
        codes: batch.codes,
        create_time: time(Some(batch.created_at)),
        seal_time: time(batch.sealed_at),
        wave_id: batch.wave_id.to_string(),
        complete_time: time(batch.completed_at),
        first_export_time: time(batch.first_exported_at),
        withheld: batch.withheld,
    }
}
