//! Export approvals.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};

use crate::codes::store::exactly_one;
use crate::db::entities::export_approval::{ActiveModel, Column, Entity, Model};
use crate::db::{self, Tx};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{BatchId, CampaignId, ExportApprovalId};

crate::codes::keyed::keyed!(ExportApprovalId);

/// Approves the export that another operator asked for and that has not expired.
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
        "an export was approved twice, too late or by its requester; lock and ask its state first",
    )
}

/// Finds a live approval of a batch's export for the operator who asked.
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
