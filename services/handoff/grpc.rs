//! The services of this process: each RPC is the function of its name in a feature's `grpc`.

use futures::StreamExt;
use futures::stream::BoxStream;
use tonic::{Request, Response, Status, Streaming};

use crate::process;
use crate::wire::redress::handoff::v1 as wire;
use crate::wire::redress::handoff::v1::handoff_admin_service_server::HandoffAdminService;
use crate::wire::redress::handoff::v1::handoff_service_server::HandoffService;
use crate::wire::redress::handoff::v1::partner_service_server::PartnerService;
use crate::wire::redress::handoff::v1::reconciliation_service_server::ReconciliationService;

use super::context::Context;
use super::error::Error;
use super::{activation, file, outcome, partner, pull, queue, reconciliation};

/// The handlers of every service of this process.
#[derive(Clone)]
pub struct Handlers {
    context: Context,
}

impl Handlers {
    /// Makes the handlers.
    pub fn new(context: Context) -> Self {
        Self { context }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        process::status(error)
    }
}

/// What an RPC answers.
type Answer<T> = Result<Response<T>, Status>;

fn respond<T>(answer: Result<T, Error>) -> Answer<T> {
    Ok(Response::new(answer?))
}

#[tonic::async_trait]
impl PartnerService for Handlers {
    async fn create_partner(
        &self,
        request: Request<wire::CreatePartnerRequest>,
    ) -> Answer<wire::CreatePartnerResponse> {
        respond(partner::grpc::create_partner(&self.context, request).await)
    }

    async fn get_partner(
        &self,
        request: Request<wire::GetPartnerRequest>,
    ) -> Answer<wire::GetPartnerResponse> {
        respond(partner::grpc::get_partner(&self.context, request).await)
    }

    async fn list_partners(
        &self,
        request: Request<wire::ListPartnersRequest>,
    ) -> Answer<wire::ListPartnersResponse> {
        respond(partner::grpc::list_partners(&self.context, request).await)
    }

    async fn update_partner(
        &self,
        request: Request<wire::UpdatePartnerRequest>,
    ) -> Answer<wire::UpdatePartnerResponse> {
        respond(partner::grpc::update_partner(&self.context, request).await)
    }

    async fn pause_partner(
        &self,
        request: Request<wire::PausePartnerRequest>,
    ) -> Answer<wire::PausePartnerResponse> {
        respond(partner::grpc::pause_partner(&self.context, request).await)
    }

    async fn resume_partner(
        &self,
        request: Request<wire::ResumePartnerRequest>,
    ) -> Answer<wire::ResumePartnerResponse> {
        respond(partner::grpc::resume_partner(&self.context, request).await)
    }
}

#[tonic::async_trait]
impl HandoffService for Handlers {
    type PullHandoffsStream = BoxStream<'static, Result<wire::PullHandoffsResponse, Status>>;

    async fn pull_handoffs(
        &self,
        request: Request<wire::PullHandoffsRequest>,
    ) -> Answer<Self::PullHandoffsStream> {
        let answers = pull::grpc::pull_handoffs(&self.context, request).await?;
        let answers = answers.map(|answer| answer.map_err(Status::from));
        Ok(Response::new(answers.boxed()))
    }

    async fn acknowledge_handoffs(
        &self,
        request: Request<wire::AcknowledgeHandoffsRequest>,
    ) -> Answer<wire::AcknowledgeHandoffsResponse> {
        respond(outcome::grpc::acknowledge_handoffs(&self.context, request).await)
    }

    async fn report_outcomes(
        &self,
        request: Request<wire::ReportOutcomesRequest>,
    ) -> Answer<wire::ReportOutcomesResponse> {
        respond(outcome::grpc::report_outcomes(&self.context, request).await)
    }

    async fn get_handoff(
        &self,
        request: Request<wire::GetHandoffRequest>,
    ) -> Answer<wire::GetHandoffResponse> {
        respond(pull::grpc::get_handoff(&self.context, request).await)
    }

    async fn return_handoffs(
        &self,
        request: Request<wire::ReturnHandoffsRequest>,
    ) -> Answer<wire::ReturnHandoffsResponse> {
        respond(pull::grpc::return_handoffs(&self.context, request).await)
    }

    async fn extend_leases(
        &self,
        request: Request<wire::ExtendLeasesRequest>,
    ) -> Answer<wire::ExtendLeasesResponse> {
        respond(pull::grpc::extend_leases(&self.context, request).await)
    }

    async fn list_partner_handoffs(
        &self,
        request: Request<wire::ListPartnerHandoffsRequest>,
    ) -> Answer<wire::ListPartnerHandoffsResponse> {
        respond(pull::grpc::list_partner_handoffs(&self.context, request).await)
    }
}

#[tonic::async_trait]
impl HandoffAdminService for Handlers {
    async fn list_handoffs(
        &self,
        request: Request<wire::ListHandoffsRequest>,
    ) -> Answer<wire::ListHandoffsResponse> {
        respond(queue::grpc::list_handoffs(&self.context, request).await)
    }

    async fn get_campaign_handoff(
        &self,
        request: Request<wire::GetCampaignHandoffRequest>,
    ) -> Answer<wire::GetCampaignHandoffResponse> {
        respond(queue::grpc::get_campaign_handoff(&self.context, request).await)
    }

    async fn replay_handoff(
        &self,
        request: Request<wire::ReplayHandoffRequest>,
    ) -> Answer<wire::ReplayHandoffResponse> {
        respond(queue::grpc::replay_handoff(&self.context, request).await)
    }

    async fn get_queue_statistics(
        &self,
        request: Request<wire::GetQueueStatisticsRequest>,
    ) -> Answer<wire::GetQueueStatisticsResponse> {
        respond(queue::grpc::get_queue_statistics(&self.context, request).await)
    }

    async fn import_activation_codes(
        &self,
        request: Request<wire::ImportActivationCodesRequest>,
    ) -> Answer<wire::ImportActivationCodesResponse> {
        respond(activation::grpc::import_activation_codes(&self.context, request).await)
    }

    async fn list_activation_pools(
        &self,
        request: Request<wire::ListActivationPoolsRequest>,
    ) -> Answer<wire::ListActivationPoolsResponse> {
        respond(activation::grpc::list_activation_pools(&self.context, request).await)
    }

    async fn list_handoff_files(
        &self,
        request: Request<wire::ListHandoffFilesRequest>,
    ) -> Answer<wire::ListHandoffFilesResponse> {
        respond(file::grpc::list_handoff_files(&self.context, request).await)
    }
}

#[tonic::async_trait]
impl ReconciliationService for Handlers {
    async fn get_manifest(
        &self,
        request: Request<wire::GetManifestRequest>,
    ) -> Answer<wire::GetManifestResponse> {
        respond(reconciliation::grpc::get_manifest(&self.context, request).await)
    }

    async fn reconcile(
        &self,
        request: Request<Streaming<wire::ReconcileRequest>>,
    ) -> Answer<wire::ReconcileResponse> {
        respond(reconciliation::grpc::reconcile(&self.context, request).await)
    }

    async fn list_reconciliations(
        &self,
        request: Request<wire::ListReconciliationsRequest>,
    ) -> Answer<wire::ListReconciliationsResponse> {
        respond(reconciliation::grpc::list_reconciliations(&self.context, request).await)
    }

    async fn list_differences(
        &self,
        request: Request<wire::ListDifferencesRequest>,
    ) -> Answer<wire::ListDifferencesResponse> {
        respond(reconciliation::grpc::list_differences(&self.context, request).await)
    }

    async fn close_difference(
        &self,
        request: Request<wire::CloseDifferenceRequest>,
    ) -> Answer<wire::CloseDifferenceResponse> {
        respond(reconciliation::grpc::close(&self.context, request).await)
    }

    async fn repair_differences(
        &self,
        request: Request<wire::RepairDifferencesRequest>,
    ) -> Answer<wire::RepairDifferencesResponse> {
        respond(reconciliation::grpc::repair(&self.context, request).await)
    }

    async fn list_manifests(
        &self,
        request: Request<wire::ListManifestsRequest>,
    ) -> Answer<wire::ListManifestsResponse> {
        respond(reconciliation::grpc::list_manifests(&self.context, request).await)
    }

    async fn check_invoice(
        &self,
        request: Request<Streaming<wire::CheckInvoiceRequest>>,
    ) -> Answer<wire::CheckInvoiceResponse> {
        respond(reconciliation::grpc::check_invoice(&self.context, request).await)
    }

    async fn list_invoice_checks(
        &self,
        request: Request<wire::ListInvoiceChecksRequest>,
    ) -> Answer<wire::ListInvoiceChecksResponse> {
        respond(reconciliation::grpc::list_invoice_checks(&self.context, request).await)
    }

    async fn list_invoice_lines(
        &self,
        request: Request<wire::ListInvoiceLinesRequest>,
    ) -> Answer<wire::ListInvoiceLinesResponse> {
        respond(reconciliation::grpc::list_invoice_lines(&self.context, request).await)
    }
}
