//! New batches and their secrets.

use crate::codes::code::derive::BatchSecret;
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db::entities::code_batch;
use crate::kernel::ids::{BatchId, CampaignId};

/// Makes an empty batch with a secret of its own; its wave is still to be set.
pub fn fresh_batch(context: &Context, campaign: CampaignId) -> Result<code_batch::Model, Error> {
    let (key_version, key) = context.current_key()?;
    let id: BatchId = context.ids.next();
    let secret = BatchSecret::new(context.ids.random());
    Ok(code_batch::Model {
        campaign_id: campaign,
        id,
        state: code_batch::State::Open,
        wrapped_secret: Some(secret.wrap(&key, campaign, id)),
        key_version,
        codes: 0,
        wave_id: context.ids.next(),
        completed_at: None,
        created_at: context.now(),
        sealed_at: None,
        first_exported_at: None,
        withheld: 0,
    })
}

/// Opens the secret of a batch that is not sealed.
pub fn open_secret(context: &Context, batch: &code_batch::Model) -> Result<BatchSecret, Error> {
    let wrapped = batch.wrapped_secret.as_ref().ok_or(Error::BatchSealed)?;
    let key = context.key(batch.key_version)?;
    BatchSecret::unwrap(&key, batch.campaign_id, batch.id, wrapped).map_err(|_| Error::Key)
}
