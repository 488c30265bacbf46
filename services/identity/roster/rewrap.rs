//! Wraps the data keys of campaigns under the current person key, once another has become current. Their people are not touched: they
//! are sealed under the data key, which stays the same.
//!
//! Each campaign is a transaction of its own that changes what was read and nothing else, so the pass goes on wherever it was stopped,
//! and several instances may run it at once. Only older versions are wrapped anew: while instances are restarted one after the other,
//! one that does not use the new key yet leaves alone what another wrapped under it.

use std::time::Duration;

use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use tokio_util::sync::CancellationToken;

use crate::db;
use crate::db::entities::campaign_key::{ActiveModel, Column, Entity, Model};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::kernel::ids::CampaignId;
use crate::kernel::keyring::Purpose;
use crate::kernel::lifecycle;

/// How often the pass is made.
const EVERY: Duration = Duration::from_mins(10);
/// Campaigns read at a time.
const PAGE: u64 = 100;

/// Makes the pass again and again until the process drains.
pub async fn run(context: Context, token: CancellationToken) {
    loop {
        if let Err(error) = rewrap(&context).await {
            tracing::warn!(%error, "keys of campaigns were not all wrapped anew; trying again later");
        }
        if !lifecycle::pause(&token, EVERY).await {
            return;
        }
    }
}

/// Wraps them all and gives how many were wrapped anew. One that cannot be unwrapped is left as it is, and logged.
pub async fn rewrap(context: &Context) -> Result<u64, Error> {
    let (version, _) = context.keys.current(Purpose::Person)?;
    let mut rewrapped = 0;
    let mut after = CampaignId::from_uuid(Uuid::nil());
    loop {
        let page = wrapped_before(context, version, after).await?;
        let Some(last) = page.last() else {
            break;
        };
        after = last.campaign_id;
        for row in &page {
            match anew(context, row) {
                Ok(fresh) => rewrapped += write(context, row, &fresh).await?,
                Err(error) => {
                    let (campaign_id, key_version) = (row.campaign_id, row.key_version);
                    tracing::error!(%campaign_id, key_version, %error, "the key of a campaign cannot be wrapped anew");
                }
            }
        }
    }
    if rewrapped > 0 {
        tracing::info!(rewrapped, version, "keys of campaigns were wrapped anew");
    }
    Ok(rewrapped)
}

async fn wrapped_before(
    context: &Context,
    version: i32,
    after: CampaignId,
) -> Result<Vec<Model>, db::Error> {
    let keys = Entity::find()
        .filter(Column::KeyVersion.lt(version))
        .filter(Column::Wrapped.is_not_null())
        .filter(Column::CampaignId.gt(after))
        .order_by_asc(Column::CampaignId)
        .limit(PAGE);
    Ok(keys.all(context.db.read()).await?)
}

/// Gives the version of the current key, and the data key wrapped under it.
fn anew(context: &Context, row: &Model) -> Result<(i32, Vec<u8>), Error> {
    let sealer = context.sealer(row)?;
    let (version, master) = context.keys.current(Purpose::Person)?;
    Ok((version, sealer.wrap(&master)))
}

/// Replaces the wrapped key of a campaign that is as it was read, and gives how many that was: none where it was destroyed or wrapped
/// anew meanwhile.
async fn write(
    context: &Context,
    row: &Model,
    (version, wrapped): &(i32, Vec<u8>),
) -> Result<u64, Error> {
    context
        .db
        .run_tx("campaign_key.rewrap", |tx| {
            Box::pin(async move {
                let update = ActiveModel {
                    key_version: Set(*version),
                    wrapped: Set(Some(wrapped.clone())),
                    ..Default::default()
                };
                let rewrapped = Entity::update_many()
                    .set(update)
                    .filter(Column::CampaignId.eq(row.campaign_id))
                    .filter(Column::KeyVersion.eq(row.key_version))
                    .filter(Column::Wrapped.is_not_null());
                Ok(rewrapped.exec(tx).await?.rows_affected)
            })
        })
        .await
}
