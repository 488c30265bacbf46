//! Export approvals on the wire.

use tonic::Request;

use crate::codes::batch::approval::State;
use crate::codes::batch::approve;
use crate::codes::context::Context;
use crate::codes::convert::{page_size, time};
use crate::codes::error::Error;
use crate::db::entities::export_approval::Model;
use crate::kernel::clock::Timestamp;
use crate::kernel::fields::Fields;
use crate::kernel::ids::{BatchId, ExportApprovalId};
use crate::kernel::paging::{self, Room};
use crate::kernel::server::largest_of;
use crate::process::Call;
use crate::wire::redress::enrollment::v1 as wire;

/// Asks for the export of a batch.
pub async fn request_export(
    context: &Context,
    request: Request<wire::RequestExportRequest>,
) -> Result<wire::RequestExportResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let batch: BatchId = fields.id("batch_id", &message.batch_id);
    fields.finish()?;
    let request = call.request(context, id, "RequestExport", message)?;
    let requested = approve::request_export(context, &call, &request, campaign, batch).await?;
    Ok(wire::RequestExportResponse {
        export_approval: Some(export_approval(&requested, context.now())),
    })
}

/// Approves an export that another operator asked for.
pub async fn approve_export(
    context: &Context,
    request: Request<wire::ApproveExportRequest>,
) -> Result<wire::ApproveExportResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let approval: ExportApprovalId = fields.id("export_approval_id", &message.export_approval_id);
    fields.finish()?;
    let request = call.request(context, id, "ApproveExport", message)?;
    let approved = approve::approve_export(context, &call, &request, campaign, approval).await?;
    Ok(wire::ApproveExportResponse {
        export_approval: Some(export_approval(&approved, context.now())),
    })
}

/// Lists a campaign's export approvals.
pub async fn list_export_approvals(
    context: &Context,
    request: Request<wire::ListExportApprovalsRequest>,
) -> Result<wire::ListExportApprovalsResponse, Error> {
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    fields.finish()?;
    let size = page_size(message.page_size)?;
    let filter: [&[u8]; 2] = [b"export_approvals", campaign.as_bytes()];
    let before = paging::page_after(&filter, &message.page_token)?;
    let found = approve::list_export_approvals(context, campaign, before, size).await?;
    let now = context.now();
    let entries = found.iter().map(|row| (row.id, export_approval(row, now)));
    let room = Room {
        rows: size,
        bytes: largest_of(&request),
        filter: &filter,
    };
    let (export_approvals, next_page_token) = paging::page(entries, &room);
    Ok(wire::ListExportApprovalsResponse {
        export_approvals,
        next_page_token,
    })
}

/// Writes an export approval as it stands now.
fn export_approval(row: &Model, now: Timestamp) -> wire::ExportApproval {
    let state = match State::at(now, row.approved_at, row.expires_at) {
        State::Requested => wire::ExportApprovalState::Requested,
        State::Approved => wire::ExportApprovalState::Approved,
        State::Expired => wire::ExportApprovalState::Expired,
    };
    wire::ExportApproval {
        export_approval_id: row.id.to_string(),
        campaign_id: row.campaign_id.to_string(),
        batch_id: row.batch_id.to_string(),
        state: state.into(),
        requester: row.requested_by.clone(),
        request_time: time(Some(row.requested_at)),
        approver: row.approved_by.clone().unwrap_or_default(),
        approve_time: time(row.approved_at),
        expire_time: time(Some(row.expires_at)),
    }
}
