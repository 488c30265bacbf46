//! What was set aside, on the wire.

use tonic::Request;
use uuid::Uuid;

use crate::codes::context::Context;
use crate::codes::convert::{page_size, time};
use crate::codes::enrollment::set_aside;
use crate::codes::enrollment::set_aside_store::SetAside;
use crate::codes::error::Error;
use crate::kernel::fields::Fields;
use crate::kernel::ids::OutcomeId;
use crate::kernel::paging::{self, Room};
use crate::kernel::server::largest_of;
use crate::process::Call;
use crate::wire::redress::enrollment::v1 as wire;

/// The most ids of one call.
const MOST: usize = 500;

/// Lists what was set aside.
pub async fn list_set_aside(
    context: &Context,
    request: Request<wire::ListSetAsideRequest>,
) -> Result<wire::ListSetAsideResponse, Error> {
    let message = request.get_ref();
    let mut fields = Fields::default();
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    fields.finish()?;
    let size = page_size(message.page_size)?;
    let filter: [&[u8]; 2] = [b"set aside", campaign.as_bytes()];
    let after: Option<Uuid> = paging::page_after(&filter, &message.page_token)?;
    let found = set_aside::list_set_aside(context, campaign, after, size).await?;
    let entries = found.iter().map(|row| (row.id, view(row)));
    let room = Room {
        rows: size,
        bytes: largest_of(&request),
        filter: &filter,
    };
    let (set_aside, next_page_token) = paging::page(entries, &room);
    Ok(wire::ListSetAsideResponse {
        set_aside,
        next_page_token,
    })
}

/// Has it tried again.
pub async fn retry_set_aside(
    context: &Context,
    request: Request<wire::RetrySetAsideRequest>,
) -> Result<wire::RetrySetAsideResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let few = message.set_aside_ids.len() <= MOST;
    fields.demand(few, "set_aside_ids", "must be 500 at most");
    let ids = message.set_aside_ids.iter().take(MOST);
    let ids = ids.map(|id| fields.id::<OutcomeId>("set_aside_ids", id).as_uuid());
    let ids: Vec<Uuid> = ids.collect();
    fields.finish()?;
    let request = call.request(context, id, "RetrySetAside", message)?;
    let retried = set_aside::retry_set_aside(context, &call, &request, (campaign, &ids)).await?;
    Ok(wire::RetrySetAsideResponse {
        retried: i64::try_from(retried).unwrap_or(i64::MAX),
    })
}

fn view(row: &SetAside) -> wire::SetAside {
    let kind = if row.is_outcome {
        wire::SetAsideKind::Outcome
    } else {
        wire::SetAsideKind::Order
    };
    wire::SetAside {
        set_aside_id: row.id.to_string(),
        kind: kind.into(),
        enrollment_id: row.enrollment_id.to_string(),
        handoff_id: row.handoff_id.to_string(),
        create_time: time(Some(row.created_at)),
        set_aside_time: time(Some(row.set_aside_at)),
        reason: row.set_aside_reason.clone(),
    }
}
