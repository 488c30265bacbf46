//! EnrollmentCodeService.

mod approvals;

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::export::{Export, Plain};
use super::issue::{Issue, Progress};
use super::seal;
use crate::codes::campaign::grpc::MAX_PAGE;
use crate::codes::code::Code;
use crate::codes::enrollment::begin;
use crate::codes::error::Error;
use crate::codes::grpc::{Handlers, call_of, status, write};
use crate::kernel::fields::Fields;
use crate::kernel::ids::{BatchId, CampaignId, IndividualId, WaveId};
use crate::kernel::paging;
use crate::wire::redress::enrollment::v1 as wire;
use crate::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeService;

/// Messages that wait for a slow reader; beyond that the work waits.
pub(crate) const AHEAD: usize = 2;

#[tonic::async_trait]
impl EnrollmentCodeService for Handlers {
    type IssueCodesStream = BoxStream<'static, Result<wire::IssueCodesResponse, Status>>;
    type ExportCodesStream = BoxStream<'static, Result<wire::ExportCodesResponse, Status>>;
    type RevokeCodesStream = BoxStream<'static, Result<wire::RevokeCodesResponse, Status>>;

    async fn create_wave(
        &self,
        request: Request<wire::CreateWaveRequest>,
    ) -> Result<Response<wire::CreateWaveResponse>, Status> {
        let answer = self.plan_wave(&request).await;
        answer.map(Response::new).map_err(status)
    }

    async fn list_waves(
        &self,
        request: Request<wire::ListWavesRequest>,
    ) -> Result<Response<wire::ListWavesResponse>, Status> {
        self.page_of_waves(request.get_ref()).await
    }

    async fn record_wave_mailing(
        &self,
        request: Request<wire::RecordWaveMailingRequest>,
    ) -> Result<Response<wire::RecordWaveMailingResponse>, Status> {
        let answer = self.mailed(&request).await;
        answer.map(Response::new).map_err(status)
    }

    async fn issue_codes(
        &self,
        request: Request<wire::IssueCodesRequest>,
    ) -> Result<Response<Self::IssueCodesStream>, Status> {
        let call = call_of(&request).map_err(status)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let id = fields.request_id(&message.request_id);
        let campaign: CampaignId = fields.id("campaign_id", &message.campaign_id);
        let wave: Option<WaveId> = fields.maybe_id("wave_id", &message.wave_id);
        fields.finish()?;
        let known = self
            .request(&call, id, "IssueCodes", message)
            .map_err(status)?;
        let issue = Issue::begin(&self.context, &call, &known, campaign, wave)
            .await
            .map_err(status)?;
        let (sender, progress) = mpsc::channel(AHEAD);
        tokio::spawn(issue.run(sender));
        let answers =
            ReceiverStream::new(progress).map(|progress| progress.map(issued).map_err(status));
        Ok(Response::new(answers.boxed()))
    }

    async fn export_codes(
        &self,
        request: Request<wire::ExportCodesRequest>,
    ) -> Result<Response<Self::ExportCodesStream>, Status> {
        let call = call_of(&request).map_err(status)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let campaign: CampaignId = fields.id("campaign_id", &message.campaign_id);
        let batch: BatchId = fields.id("batch_id", &message.batch_id);
        let after: Option<IndividualId> =
            fields.maybe_id("after_individual_id", &message.after_individual_id);
        fields.finish()?;
        let export = Export::begin(&self.context, &call, campaign, batch, after)
            .await
            .map_err(status)?;
        let (sender, pages) = mpsc::channel(AHEAD);
        tokio::spawn(export.run(sender));
        let answers = ReceiverStream::new(pages).map(|page| page.map(exported).map_err(status));
        Ok(Response::new(answers.boxed()))
    }

    async fn request_export(
        &self,
        request: Request<wire::RequestExportRequest>,
    ) -> Result<Response<wire::RequestExportResponse>, Status> {
        let answer = self.ask_for_export(&request).await;
        answer.map(Response::new).map_err(status)
    }

    async fn approve_export(
        &self,
        request: Request<wire::ApproveExportRequest>,
    ) -> Result<Response<wire::ApproveExportResponse>, Status> {
        let answer = self.allow_export(&request).await;
        answer.map(Response::new).map_err(status)
    }

    async fn list_export_approvals(
        &self,
        request: Request<wire::ListExportApprovalsRequest>,
    ) -> Result<Response<wire::ListExportApprovalsResponse>, Status> {
        self.page_of_approvals(request.get_ref()).await
    }

    async fn seal_batch(
        &self,
        request: Request<wire::SealBatchRequest>,
    ) -> Result<Response<wire::SealBatchResponse>, Status> {
        let call = call_of(&request).map_err(status)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let id = fields.request_id(&message.request_id);
        let campaign: CampaignId = fields.id("campaign_id", &message.campaign_id);
        let batch: BatchId = fields.id("batch_id", &message.batch_id);
        fields.finish()?;
        let known = self
            .request(&call, id, "SealBatch", message)
            .map_err(status)?;
        let batch = seal::seal(&self.context, &call, &known, campaign, batch)
            .await
            .map_err(status)?;
        Ok(Response::new(wire::SealBatchResponse {
            batch: Some(write::batch(&batch)),
        }))
    }

    async fn list_batches(
        &self,
        request: Request<wire::ListBatchesRequest>,
    ) -> Result<Response<wire::ListBatchesResponse>, Status> {
        let message = request.get_ref();
        let mut fields = Fields::default();
        let campaign: CampaignId = fields.id("campaign_id", &message.campaign_id);
        fields.finish()?;
        let size = paging::page_size(message.page_size)?.min(MAX_PAGE);
        let filter: [&[u8]; 2] = [b"batches", campaign.as_bytes()];
        let before = paging::page_after(&filter, &message.page_token)?;
        let mut batches = seal::list(&self.context, campaign, before, size)
            .await
            .map_err(status)?;
        let next_page_token = paging::next_page(&mut batches, size, &filter, |batch| batch.id);
        let batches = batches.iter().map(write::batch).collect();
        Ok(Response::new(wire::ListBatchesResponse {
            batches,
            next_page_token,
        }))
    }

    async fn reissue_code(
        &self,
        request: Request<wire::ReissueCodeRequest>,
    ) -> Result<Response<wire::ReissueCodeResponse>, Status> {
        let answer = self.reissue(&request).await;
        answer.map(Response::new).map_err(status)
    }

    async fn revoke_codes(
        &self,
        request: Request<wire::RevokeCodesRequest>,
    ) -> Result<Response<Self::RevokeCodesStream>, Status> {
        let answers = self.revoke(&request).await;
        answers.map(Response::new).map_err(status)
    }

    async fn list_codes(
        &self,
        request: Request<wire::ListCodesRequest>,
    ) -> Result<Response<wire::ListCodesResponse>, Status> {
        let answer = self.lineage(request.get_ref()).await;
        answer.map(Response::new).map_err(status)
    }

    async fn check_code(
        &self,
        request: Request<wire::CheckCodeRequest>,
    ) -> Result<Response<wire::CheckCodeResponse>, Status> {
        let call = call_of(&request).map_err(status)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let number = fields.engagement_number("engagement_number", &message.engagement_number);
        fields.finish()?;
        let code = Code::parse(&message.code).map_err(|_| status(Error::CodeMistyped))?;
        let until = begin::check(&self.context, &call, &number, code)
            .await
            .map_err(status)?;
        Ok(Response::new(wire::CheckCodeResponse {
            expire_time: write::time(Some(until)),
        }))
    }
}

fn issued(progress: Progress) -> wire::IssueCodesResponse {
    match progress {
        Progress::Issued { issued, owed } => wire::IssueCodesResponse {
            issued,
            owed,
            ..Default::default()
        },
        Progress::Done(batch) => wire::IssueCodesResponse {
            issued: batch.codes,
            owed: batch.codes,
            batch: Some(write::batch(&batch)),
            nobody_owed: false,
        },
        Progress::Nobody => wire::IssueCodesResponse {
            nobody_owed: true,
            ..Default::default()
        },
    }
}

fn exported(page: Vec<Plain>) -> wire::ExportCodesResponse {
    let codes = page.into_iter().map(|plain| wire::PlainCode {
        individual_id: plain.individual.to_string(),
        code: plain.code.expose(),
        seed: plain.seed,
    });
    wire::ExportCodesResponse {
        codes: codes.collect(),
    }
}
