//! Export approvals.

use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Set,
};

use crate::db::entities::export_approval::{ActiveModel, Column, Entity, Model};
use crate::db::{self, Tx};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{BatchId, CampaignId, ExportApprovalId};

use super::exactly_one;

/// Writes what an operator asked for.
pub async fn insert(tx: &Tx<'_>, row: &Model) -> Result<(), db::Error> {
    let row: ActiveModel = row.clone().into();
    Entity::insert(row.reset_all())
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Finds an approval.
pub async fn get(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: ExportApprovalId,
) -> Result<Option<Model>, db::Error> {
    Ok(Entity::find_by_id((campaign, id)).one(connection).await?)
}

/// Finds an approval and locks it until the transaction ends.
pub async fn lock(
    tx: &Tx<'_>,
    campaign: CampaignId,
    id: ExportApprovalId,
) -> Result<Option<Model>, db::Error> {
    Ok(Entity::find_by_id((campaign, id))
        .lock(LockType::NoKeyUpdate)
        .one(tx)
        .await?)
}

/// Approves what was asked for by somebody else and has not expired.
pub async fn approve(
    tx: &Tx<'_>,
    (campaign, id): (CampaignId, ExportApprovalId),
    by: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), db::Error> {
    let update = ActiveModel {
        approved_by: Set(Some(by.to_owned())),
        approved_at: Set(Some(now)),
        expires_at: Set(expires_at),
        ..Default::default()
    };
    let result = Entity::update_many()
        .set(update)
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::Id.eq(id))
        .filter(Column::ApprovedAt.is_null())
        .filter(Column::RequestedBy.ne(by))
        .filter(Column::ExpiresAt.gt(now))
        .exec(tx)
        .await?;
    exactly_one(
        result.rows_affected,
        "an export was approved that nobody waits for; lock and ask its state first",
    )
}

/// Finds a live approval of a batch's export for whoever asked.
pub async fn live(
    tx: &Tx<'_>,
    campaign: CampaignId,
    batch: BatchId,
    requested_by: &str,
    now: Timestamp,
) -> Result<Option<Model>, db::Error> {
    let query = Entity::find()
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::BatchId.eq(batch))
        .filter(Column::RequestedBy.eq(requested_by))
        .filter(Column::ApprovedAt.is_not_null())
        .filter(Column::ExpiresAt.gt(now));
    Ok(query.one(tx).await?)
}

/// Lists a campaign's approvals, newest first, older than `before`.
pub async fn page(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    before: Option<ExportApprovalId>,
    limit: u64,
) -> Result<Vec<Model>, db::Error> {
    let mut query = Entity::find()
        .filter(Column::CampaignId.eq(campaign))
        .order_by_desc(Column::Id)
        .limit(limit);
    if let Some(before) = before {
        query = query.filter(Column::Id.lt(before));
    }
    Ok(query.all(connection).await?)
}
