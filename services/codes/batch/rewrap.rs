//! Wraps the secrets of open batches under the current code key, once another has become current.
//!
//! Each batch is a transaction of its own that changes what was read and nothing else, so the pass goes on wherever it was stopped, and
//! several instances may run it at once. Only older versions are wrapped anew: while instances are restarted one after the other, one
//! that does not use the new key yet leaves alone what another wrapped under it.

use sea_orm::prelude::Uuid;

use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db::entities::code_batch::Model;
use crate::kernel::ids::BatchId;
use crate::kernel::keyring::Purpose;

use super::issue::open_secret;
use super::store::{self, Rewrapped};

/// Batches read at a time.
const PAGE: u64 = 100;

/// Wraps them all and gives how many were wrapped anew. One whose secret cannot be unwrapped is left as it is, and logged.
pub async fn rewrap(context: &Context) -> Result<u64, Error> {
    let (version, _) = context.keys.current(Purpose::Code)?;
    let mut rewrapped = 0;
    let mut after = BatchId::from_uuid(Uuid::nil());
    loop {
        let page = store::wrapped_before(context.db.read(), version, (after, PAGE)).await?;
        let Some(last) = page.last() else {
            break;
        };
        after = last.id;
        for batch in &page {
            match anew(context, batch) {
                Ok(fresh) => rewrapped += write(context, batch, &fresh).await?,
                Err(error) => {
                    let (batch_id, key_version) = (batch.id, batch.key_version);
                    tracing::error!(%batch_id, key_version, %error, "the secret of a batch cannot be wrapped anew");
                }
            }
        }
    }
    if rewrapped > 0 {
        tracing::info!(rewrapped, version, "secrets of batches were wrapped anew");
    }
    Ok(rewrapped)
}

fn anew(context: &Context, batch: &Model) -> Result<Rewrapped, Error> {
    let secret = open_secret(context, batch)?;
    let (key_version, key) = context.keys.current(Purpose::Code)?;
    Ok(Rewrapped {
        key_version,
        wrapped_secret: secret.wrap(&key, batch.campaign_id, batch.id),
    })
}

async fn write(context: &Context, batch: &Model, fresh: &Rewrapped) -> Result<u64, Error> {
    context
        .db
        .run_tx("batch.rewrap", |tx| {
            Box::pin(async move { Ok(store::rewrap(tx, batch, fresh).await?) })
        })
        .await
}
