//! The four services of the process: each method hands its request to its feature.

use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use tonic::{Request, Response, Status};

use crate::process::status;
use crate::wire::redress::enrollment::v1 as wire;
use crate::wire::redress::enrollment::v1::campaign_service_server::CampaignService;
use crate::wire::redress::enrollment::v1::enrollment_code_service_server::EnrollmentCodeService;
use crate::wire::redress::enrollment::v1::enrollment_service_server::EnrollmentService;
use crate::wire::redress::enrollment::v1::restoration_service_server::RestorationService;

use super::context::Context;
use super::enrollment::complete::Completions;
use super::error::Error;
use super::{batch, campaign, enrollment, letter, report, restoration, wave};

/// The handlers of all services.
#[derive(Clone)]
pub struct Handlers {
    pub(super) context: Context,
    pub(super) completions: Completions,
}

type Answer<T> = Result<Response<T>, Status>;
type Answers<T> = BoxStream<'static, Result<T, Status>>;

fn one<T>(answer: Result<T, Error>) -> Answer<T> {
    answer.map(Response::new).map_err(status)
}

fn many<T: 'static>(
    answers: Result<impl Stream<Item = Result<T, Error>> + Send + 'static, Error>,
) -> Answer<Answers<T>> {
    one(answers.map(|answers| answers.map(|answer| answer.map_err(status)).boxed()))
}

#[tonic::async_trait]
impl CampaignService for Handlers {
    async fn create_campaign(
        &self,
        request: Request<wire::CreateCampaignRequest>,
    ) -> Answer<wire::CreateCampaignResponse> {
        one(campaign::grpc::create_campaign(&self.context, request).await)
    }

    async fn get_campaign(
        &self,
        request: Request<wire::GetCampaignRequest>,
    ) -> Answer<wire::GetCampaignResponse> {
        one(campaign::grpc::get_campaign(&self.context, request).await)
    }

    async fn get_public_campaign(
        &self,
        request: Request<wire::GetPublicCampaignRequest>,
    ) -> Answer<wire::GetPublicCampaignResponse> {
        one(campaign::grpc::get_public_campaign(&self.context, request).await)
    }

    async fn list_campaigns(
        &self,
        request: Request<wire::ListCampaignsRequest>,
    ) -> Answer<wire::ListCampaignsResponse> {
        one(campaign::grpc::list_campaigns(&self.context, request).await)
    }

    async fn update_campaign(
        &self,
        request: Request<wire::UpdateCampaignRequest>,
    ) -> Answer<wire::UpdateCampaignResponse> {
        one(campaign::grpc::update_campaign(&self.context, request).await)
    }

    async fn close_campaign(
        &self,
        request: Request<wire::CloseCampaignRequest>,
    ) -> Answer<wire::CloseCampaignResponse> {
        one(campaign::grpc::close_campaign(&self.context, request).await)
    }

    async fn extend_enroll_by(
        &self,
        request: Request<wire::ExtendEnrollByRequest>,
    ) -> Answer<wire::ExtendEnrollByResponse> {
        one(wave::grpc::extend_enroll_by(&self.context, request).await)
    }

    async fn get_campaign_report(
        &self,
        request: Request<wire::GetCampaignReportRequest>,
    ) -> Answer<wire::GetCampaignReportResponse> {
        one(report::grpc::get_campaign_report(&self.context, request).await)
    }
}

#[tonic::async_trait]
impl EnrollmentCodeService for Handlers {
    type IssueCodesStream = Answers<wire::IssueCodesResponse>;
    type ExportCodesStream = Answers<wire::ExportCodesResponse>;
    type RevokeCodesStream = Answers<wire::RevokeCodesResponse>;

    async fn create_wave(
        &self,
        request: Request<wire::CreateWaveRequest>,
    ) -> Answer<wire::CreateWaveResponse> {
        one(wave::grpc::create_wave(&self.context, request).await)
    }

    async fn list_waves(
        &self,
        request: Request<wire::ListWavesRequest>,
    ) -> Answer<wire::ListWavesResponse> {
        one(wave::grpc::list_waves(&self.context, request).await)
    }

    async fn record_wave_mailing(
        &self,
        request: Request<wire::RecordWaveMailingRequest>,
    ) -> Answer<wire::RecordWaveMailingResponse> {
        one(wave::grpc::record_wave_mailing(&self.context, request).await)
    }

    async fn issue_codes(
        &self,
        request: Request<wire::IssueCodesRequest>,
    ) -> Answer<Self::IssueCodesStream> {
        many(batch::grpc::issue_codes(&self.context, request).await)
    }

    async fn export_codes(
        &self,
        request: Request<wire::ExportCodesRequest>,
    ) -> Answer<Self::ExportCodesStream> {
        many(batch::grpc::export_codes(&self.context, request).await)
    }

    async fn request_export(
        &self,
        request: Request<wire::RequestExportRequest>,
    ) -> Answer<wire::RequestExportResponse> {
        one(batch::grpc::request_export(&self.context, request).await)
    }

    async fn approve_export(
        &self,
        request: Request<wire::ApproveExportRequest>,
    ) -> Answer<wire::ApproveExportResponse> {
        one(batch::grpc::approve_export(&self.context, request).await)
    }

    async fn list_export_approvals(
        &self,
        request: Request<wire::ListExportApprovalsRequest>,
    ) -> Answer<wire::ListExportApprovalsResponse> {
        one(batch::grpc::list_export_approvals(&self.context, request).await)
    }

    async fn seal_batch(
        &self,
        request: Request<wire::SealBatchRequest>,
    ) -> Answer<wire::SealBatchResponse> {
        one(batch::grpc::seal_batch(&self.context, request).await)
    }

    async fn get_batch(
        &self,
        request: Request<wire::GetBatchRequest>,
    ) -> Answer<wire::GetBatchResponse> {
        one(batch::grpc::get_batch(&self.context, request).await)
    }

    async fn list_batches(
        &self,
        request: Request<wire::ListBatchesRequest>,
    ) -> Answer<wire::ListBatchesResponse> {
        one(batch::grpc::list_batches(&self.context, request).await)
    }

    async fn reissue_code(
        &self,
        request: Request<wire::ReissueCodeRequest>,
    ) -> Answer<wire::ReissueCodeResponse> {
        one(letter::grpc::reissue_code(&self.context, request).await)
    }

    async fn revoke_codes(
        &self,
        request: Request<wire::RevokeCodesRequest>,
    ) -> Answer<Self::RevokeCodesStream> {
        many(letter::grpc::revoke_codes(&self.context, request).await)
    }

    async fn list_revocations(
        &self,
        request: Request<wire::ListRevocationsRequest>,
    ) -> Answer<wire::ListRevocationsResponse> {
        one(letter::grpc::list_revocations(&self.context, request).await)
    }

    async fn list_codes(
        &self,
        request: Request<wire::ListCodesRequest>,
    ) -> Answer<wire::ListCodesResponse> {
        one(letter::grpc::list_codes(&self.context, request).await)
    }

    async fn check_code(
        &self,
        request: Request<wire::CheckCodeRequest>,
    ) -> Answer<wire::CheckCodeResponse> {
        one(enrollment::grpc::check_code(&self.context, request).await)
    }
}

#[tonic::async_trait]
impl EnrollmentService for Handlers {
    async fn begin_enrollment(
        &self,
        request: Request<wire::BeginEnrollmentRequest>,
    ) -> Answer<wire::BeginEnrollmentResponse> {
        one(enrollment::grpc::begin_enrollment(&self.context, request).await)
    }

    async fn complete_enrollment(
        &self,
        request: Request<wire::CompleteEnrollmentRequest>,
    ) -> Answer<wire::CompleteEnrollmentResponse> {
        let (context, completions) = (&self.context, &self.completions);
        one(enrollment::grpc::complete_enrollment(context, completions, request).await)
    }

    async fn get_enrollment(
        &self,
        request: Request<wire::GetEnrollmentRequest>,
    ) -> Answer<wire::GetEnrollmentResponse> {
        one(enrollment::grpc::get_enrollment(&self.context, request).await)
    }

    async fn list_enrollments(
        &self,
        request: Request<wire::ListEnrollmentsRequest>,
    ) -> Answer<wire::ListEnrollmentsResponse> {
        one(enrollment::grpc::list_enrollments(&self.context, request).await)
    }

    async fn cancel_enrollment(
        &self,
        request: Request<wire::CancelEnrollmentRequest>,
    ) -> Answer<wire::CancelEnrollmentResponse> {
        one(enrollment::grpc::cancel_enrollment(&self.context, request).await)
    }

    async fn resubmit_enrollment(
        &self,
        request: Request<wire::ResubmitEnrollmentRequest>,
    ) -> Answer<wire::ResubmitEnrollmentResponse> {
        one(enrollment::grpc::resubmit_enrollment(&self.context, request).await)
    }

    async fn migrate_coverages(
        &self,
        request: Request<wire::MigrateCoveragesRequest>,
    ) -> Answer<wire::MigrateCoveragesResponse> {
        one(enrollment::grpc::migrate_coverages(&self.context, request).await)
    }

    async fn extend_coverages(
        &self,
        request: Request<wire::ExtendCoveragesRequest>,
    ) -> Answer<wire::ExtendCoveragesResponse> {
        one(enrollment::grpc::extend_coverages(&self.context, request).await)
    }

    async fn list_set_aside(
        &self,
        request: Request<wire::ListSetAsideRequest>,
    ) -> Answer<wire::ListSetAsideResponse> {
        one(enrollment::grpc::set_aside::list_set_aside(&self.context, request).await)
    }

    async fn retry_set_aside(
        &self,
        request: Request<wire::RetrySetAsideRequest>,
    ) -> Answer<wire::RetrySetAsideResponse> {
        one(enrollment::grpc::set_aside::retry_set_aside(&self.context, request).await)
    }
}

#[tonic::async_trait]
impl RestorationService for Handlers {
    async fn request_restoration(
        &self,
        request: Request<wire::RequestRestorationRequest>,
    ) -> Answer<wire::RequestRestorationResponse> {
        one(restoration::grpc::request_restoration(&self.context, request).await)
    }

    async fn get_restoration(
        &self,
        request: Request<wire::GetRestorationRequest>,
    ) -> Answer<wire::GetRestorationResponse> {
        one(restoration::grpc::get_restoration(&self.context, request).await)
    }

    async fn list_restorations(
        &self,
        request: Request<wire::ListRestorationsRequest>,
    ) -> Answer<wire::ListRestorationsResponse> {
        one(restoration::grpc::list_restorations(&self.context, request).await)
    }
}
