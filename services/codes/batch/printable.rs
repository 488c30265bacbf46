//! Batches that can be printed.

use crate::codes::campaign;
use crate::codes::error::Error;
use crate::db::Tx;
use crate::db::entities::code_batch;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{BatchId, CampaignId};

use super::issue::finish_reissue;
use super::store;

/// Finds a batch that can be printed. One of reissues takes no more codes from then on.
pub async fn printable(
    tx: &Tx<'_>,
    campaign: CampaignId,
    batch: BatchId,
    now: Timestamp,
) -> Result<code_batch::Model, Error> {
    let row = store::get(tx, campaign, batch)
        .await?
        .ok_or(Error::BatchNotFound)?;
    if row.wrapped_secret.is_none() {
        return Err(Error::BatchSealed);
    }
    match row.completed_at {
        Some(_) => Ok(row),
        None => complete(tx, campaign, batch, now).await,
    }
}

async fn complete(
    tx: &Tx<'_>,
    campaign: CampaignId,
    batch: BatchId,
    now: Timestamp,
) -> Result<code_batch::Model, Error> {
    campaign::store::lock(tx, campaign).await?;
    let row = store::lock(tx, campaign, batch).await?;
    let row = row.ok_or(Error::BatchNotFound)?;
    match row.completed_at {
        Some(_) => Ok(row),
        None => finish_reissue(tx, row, now).await,
    }
}
