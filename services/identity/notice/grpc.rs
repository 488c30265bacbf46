//! The RPCs of notices of proofing.

use tonic::Request;

use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::kernel::fields::Fields;
use crate::kernel::paging::{self, Room};
use crate::kernel::server::largest_of;
use crate::process::Call;
use crate::wire::redress::identity::v1 as wire;

use super::list::{self, Repudiation};
use super::repudiate::{self, Repudiate};
use super::token;

/// The most on one page.
const PAGE: u64 = 500;

/// RepudiateProofing.
pub async fn repudiate_proofing(
    context: &Context,
    request: &Request<wire::RepudiateProofingRequest>,
) -> Result<wire::RepudiateProofingResponse, Error> {
    let call = Call::of(request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let engagement_number = context
        .engagement_number_for(&call.caller, &mut fields, &message.campaign)
        .await?;
    let token = token::read(&message.token);
    fields.demand(token.is_some(), "token", "must be 32 letters and digits");
    fields.finish()?;
    let command = Repudiate {
        request: call.request(context, id, "RepudiateProofing", message)?,
        engagement_number,
        // It is missing only if the field was wrong.
        token: token.ok_or(Error::TokenNotAccepted)?,
    };
    repudiate::repudiate_proofing(context, &call, &command).await?;
    Ok(wire::RepudiateProofingResponse {})
}

/// ListRepudiations.
pub async fn list_repudiations(
    context: &Context,
    request: &Request<wire::ListRepudiationsRequest>,
) -> Result<wire::ListRepudiationsResponse, Error> {
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    fields.finish()?;
    let filter: [&[u8]; 2] = [b"repudiations", campaign.as_bytes()];
    let size = paging::page_size(message.page_size)?.min(PAGE);
    let after = paging::page_after(&filter, &message.page_token)?;
    let found = list::list_repudiations(context, campaign, after, size).await?;
    let entries = found.iter().map(|it| (it.id, to_wire(it)));
    let room = Room {
        rows: size,
        bytes: largest_of(request),
        filter: &filter,
    };
    let (repudiations, next_page_token) = paging::page(entries, &room);
    Ok(wire::ListRepudiationsResponse {
        repudiations,
        next_page_token,
    })
}

fn to_wire(it: &Repudiation) -> wire::Repudiation {
    wire::Repudiation {
        verification_id: it.id.to_string(),
        individual_id: it.individual_id.to_string(),
        enrollment_id: it
            .enrollment_id
            .map(|id| id.to_string())
            .unwrap_or_default(),
        enrollment_state: it.enrollment_state.clone().unwrap_or_default(),
        verified_by: it.requested_by.clone(),
        repudiate_time: Some(it.repudiated_at.to_proto()),
        repudiated_through: it.repudiated_by.clone(),
    }
}
