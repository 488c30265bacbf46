//! The export approvals of EnrollmentCodeService.

use tonic::{Request, Response, Status};

use crate::codes::batch::approve;
use crate::codes::campaign::grpc::MAX_PAGE;
use crate::codes::error::Error;
use crate::codes::grpc::{Handlers, call_of, status, write};
use crate::kernel::fields::Fields;
use crate::kernel::ids::{BatchId, CampaignId, ExportApprovalId};
use crate::kernel::paging;
use crate::wire::redress::enrollment::v1 as wire;

impl Handlers {
    pub(crate) async fn ask_for_export(
        &self,
        request: &Request<wire::RequestExportRequest>,
    ) -> Result<wire::RequestExportResponse, Error> {
        let call = call_of(request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let id = fields.request_id(&message.request_id);
        let campaign: CampaignId = fields.id("campaign_id", &message.campaign_id);
        let batch: BatchId = fields.id("batch_id", &message.batch_id);
        fields.finish()?;
        let known = self.request(&call, id, "RequestExport", message)?;
        let asked = approve::request(&self.context, &call, &known, campaign, batch).await?;
        Ok(wire::RequestExportResponse {
            export_approval: Some(write::export_approval(&asked, self.context.now())),
        })
    }

    pub(crate) async fn allow_export(
        &self,
        request: &Request<wire::ApproveExportRequest>,
    ) -> Result<wire::ApproveExportResponse, Error> {
        let call = call_of(request)?;
        let message = request.get_ref();
        let mut fields = Fields::default();
        let id = fields.request_id(&message.request_id);
        let campaign: CampaignId = fields.id("campaign_id", &message.campaign_id);
        let approval: ExportApprovalId =
            fields.id("export_approval_id", &message.export_approval_id);
        fields.finish()?;
        let known = self.request(&call, id, "ApproveExport", message)?;
        let approved = approve::approve(&self.context, &call, &known, campaign, approval).await?;
        Ok(wire::ApproveExportResponse {
            export_approval: Some(write::export_approval(&approved, self.context.now())),
        })
    }

    pub(crate) async fn page_of_approvals(
        &self,
        message: &wire::ListExportApprovalsRequest,
    ) -> Result<Response<wire::ListExportApprovalsResponse>, Status> {
        let mut fields = Fields::default();
        let campaign: CampaignId = fields.id("campaign_id", &message.campaign_id);
        fields.finish()?;
        let size = paging::page_size(message.page_size)?.min(MAX_PAGE);
        let filter: [&[u8]; 2] = [b"export_approvals", campaign.as_bytes()];
        let before = paging::page_after(&filter, &message.page_token)?;
        let mut rows = approve::list(&self.context, campaign, before, size)
            .await
            .map_err(status)?;
        let next_page_token = paging::next_page(&mut rows, size, &filter, |row| row.id);
        let now = self.context.now();
        let approvals = rows.iter().map(|row| write::export_approval(row, now));
        Ok(Response::new(wire::ListExportApprovalsResponse {
            export_approvals: approvals.collect(),
            next_page_token,
        }))
    }
}
