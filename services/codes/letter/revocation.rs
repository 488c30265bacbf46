//! What is kept of a revocation: whom it was about, who asked, how far it came.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel, Statement, Value};

use crate::codes::campaign;
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db::entities::revocation::{Column, Entity, Model};
use crate::db::{self, Tx};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, RevocationId};

crate::codes::keyed::keyed!(RevocationId);

/// Keeps a revocation that begins; one that is resumed is known.
pub async fn keep(tx: &Tx<'_>, row: Model) -> Result<(), db::Error> {
    let known = OnConflict::columns([Column::CampaignId, Column::Id])
        .do_nothing()
        .to_owned();
    Entity::insert(row.into_active_model().reset_all())
        .on_conflict(known)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Records that every code was looked at; a call that is repeated after its end leaves the first end.
pub async fn finish(
    tx: &Tx<'_>,
    (campaign, id): (CampaignId, RevocationId),
    revoked: i64,
    now: Timestamp,
) -> Result<(), db::Error> {
    const SQL: &str = "UPDATE revocation SET revoked = $3, finished_at = $4 \
        WHERE campaign_id = $1 AND id = $2 AND finished_at IS NULL";
    let values: [Value; 4] = [campaign.into(), id.into(), revoked.into(), now.into()];
    let statement = Statement::from_sql_and_values(tx.backend(), SQL, values);
    tx.execute_raw(statement).await?;
    Ok(())
}

/// Lists a campaign's revocations, newest first: at most one more than `limit`, to know whether there is another page.
pub async fn list_revocations(
    context: &Context,
    campaign: CampaignId,
    before: Option<RevocationId>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let read = context.db.read();
    campaign::store::by_id(read, campaign)
        .await?
        .ok_or(Error::CampaignNotFound)?;
    Ok(page(read, campaign, before, limit + 1).await?)
}
