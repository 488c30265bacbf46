//! Closing a campaign.

use serde_json::json;

use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db::audit;
use crate::kernel::ids::CampaignId;
use crate::process::request::{self, Request};
use crate::process::{Act, Call};

use super::read::get_campaign;
use super::state;
use super::store::{self, Campaign};

/// Closes a campaign.
pub async fn close_campaign(
    context: &Context,
    call: &Call,
    request: &Request,
    id: CampaignId,
) -> Result<Campaign, Error> {
    let now = context.now();
    let event = &call.event(
        context,
        Some(id),
        Act::of("campaign.closed", ("campaign", Some(id.as_uuid()))),
        json!({}),
    );
    let done = context.db.run_tx("close_campaign", |tx| {
        Box::pin(async move {
            if let Some(id) = request::answered::<CampaignId>(tx, request).await? {
                return Ok(id);
            }
            let row = store::lock(tx, id).await?.ok_or(Error::CampaignNotFound)?;
            state::close(row.state).map_err(|_| Error::CampaignClosed)?;
            store::close(tx, id, now).await?;
            audit::record(tx, std::slice::from_ref(event)).await?;
            request::record(tx, request, &id, now).await?;
            Ok::<_, Error>(id)
        })
    });
    get_campaign(context, done.await?).await
}
