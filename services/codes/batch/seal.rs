//! Sealing a batch, and reading batches.

use serde_json::json;

use crate::codes::campaign;
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db::audit;
use crate::db::entities::code_batch;
use crate::kernel::ids::{BatchId, CampaignId};
use crate::process::request::{self, Request};
use crate::process::{Act, Call};

use super::{state, store};

/// Seals a batch. The point of no return: from the commit on nobody can derive its codes again.
pub async fn seal_batch(
    context: &Context,
    call: &Call,
    request: &Request,
    campaign: CampaignId,
    batch: BatchId,
) -> Result<code_batch::Model, Error> {
    let now = context.now();
    let event = &call.event(
        context,
        Some(campaign),
        Act::of("codes.sealed", ("batch", Some(batch.as_uuid()))),
        json!({}),
    );
    let done = context.db.run_tx("seal_batch", |tx| {
        Box::pin(async move {
            if let Some(batch) = request::answered(tx, request).await? {
                return Ok(batch);
            }
            // A reissue under way may rely on a letter that is still to be printed.
            campaign::store::lock(tx, campaign).await?;
            let row = store::lock(tx, campaign, batch)
                .await?
                .ok_or(Error::BatchNotFound)?;
            state::seal(row.state).map_err(|_| Error::BatchSealed)?;
            if row.completed_at.is_none() {
                return Err(Error::BatchIncomplete);
            }
            store::seal(tx, campaign, batch, now).await?;
            audit::record(tx, std::slice::from_ref(event)).await?;
            request::record(tx, request, &batch, now).await?;
            Ok::<_, Error>(batch)
        })
    });
    let sealed = store::get(context.db.read(), campaign, done.await?).await?;
    sealed.ok_or(Error::BatchNotFound)
}

/// Gets a batch.
pub async fn get_batch(
    context: &Context,
    campaign: CampaignId,
    batch: BatchId,
) -> Result<code_batch::Model, Error> {
    let found = store::get(context.db.read(), campaign, batch).await?;
    found.ok_or(Error::BatchNotFound)
}

/// Lists a campaign's batches, newest first: at most one more than `limit`, to know whether there is another page.
pub async fn list_batches(
    context: &Context,
    campaign: CampaignId,
    before: Option<BatchId>,
    limit: u64,
) -> Result<Vec<code_batch::Model>, Error> {
    let read = context.db.read();
    campaign::store::by_id(read, campaign)
        .await?
        .ok_or(Error::CampaignNotFound)?;
    Ok(store::page(read, campaign, before, limit + 1).await?)
}
