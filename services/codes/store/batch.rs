//! Batches of codes and their wrapped secrets.

use sea_orm::sea_query::{Expr, ExprTrait, LockType};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Set,
};

use crate::db::entities::code_batch::{ActiveModel, Column, Entity, Model};
use crate::db::{self, Tx};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{BatchId, CampaignId};

use super::exactly_one;
use crate::codes::state::batch::State;

/// Writes a new, empty batch with its wrapped secret.
pub async fn insert(tx: &Tx<'_>, row: &Model) -> Result<(), db::Error> {
    let row: ActiveModel = row.clone().into();
    Entity::insert(row.reset_all())
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Finds a batch.
pub async fn get(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: BatchId,
) -> Result<Option<Model>, db::Error> {
    Ok(Entity::find_by_id((campaign, id)).one(connection).await?)
}

/// Finds a batch and locks it until the transaction ends.
pub async fn lock(
    tx: &Tx<'_>,
    campaign: CampaignId,
    id: BatchId,
) -> Result<Option<Model>, db::Error> {
    Ok(Entity::find_by_id((campaign, id))
        .lock(LockType::NoKeyUpdate)
        .one(tx)
        .await?)
}

/// Lists a campaign's batches, newest first, older than `before`.
pub async fn page(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    before: Option<BatchId>,
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

/// Adds to the number of codes of an open batch.
pub async fn grow(
    tx: &Tx<'_>,
    campaign: CampaignId,
    id: BatchId,
    codes: i64,
) -> Result<(), db::Error> {
    let result = Entity::update_many()
        .col_expr(Column::Codes, Expr::col(Column::Codes).add(codes))
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(State::Open.as_str()))
        .exec(tx)
        .await?;
    exactly_one(
        result.rows_affected,
        "a batch that is not open grew; lock and ask its state first",
    )
}

/// Destroys the secret of an open batch.
pub async fn seal(
    tx: &Tx<'_>,
    campaign: CampaignId,
    id: BatchId,
    now: Timestamp,
) -> Result<(), db::Error> {
    let update = ActiveModel {
        state: Set(State::Sealed.as_str().to_owned()),
        wrapped_secret: Set(None),
        sealed_at: Set(Some(now)),
        ..Default::default()
    };
    let result = Entity::update_many()
        .set(update)
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(State::Open.as_str()))
        .exec(tx)
        .await?;
    exactly_one(
        result.rows_affected,
        "a batch that is not open was sealed; lock and ask its state first",
    )
}
