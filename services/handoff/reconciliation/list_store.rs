//! Reading and writing lists and their entries.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};

use crate::db::entities::reconciliation::{Column, Entity, Model, State};
use crate::db::entities::{campaign, reconciliation_entry};
use crate::handoff::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, PartnerId, ReconciliationId};

use super::compare::List;

/// Demands that there is such a campaign.
pub async fn expect_campaign(db: &impl ConnectionTrait, id: CampaignId) -> Result<(), Error> {
    let found: Option<CampaignId> = campaign::Entity::find_by_id(id)
        .select_only()
        .column(campaign::Column::Id)
        .into_tuple()
        .one(db)
        .await?;
    found.map(drop).ok_or(Error::CampaignNotFound)
}

/// Adds a list that begins to come in.
pub async fn add(tx: &impl ConnectionTrait, list: Model) -> Result<(), Error> {
    let is_there = Entity::find_by_id((list.campaign_id, list.id))
        .one(tx)
        .await?;
    if is_there.is_none() {
        Entity::insert(list.into_active_model())
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

/// Adds entries, and notes how many the list has by now.
pub async fn add_entries(
    tx: &impl ConnectionTrait,
    list: List,
    (entries, in_all): (&[reconciliation_entry::Model], i64),
) -> Result<(), Error> {
    let insert = reconciliation_entry::Model::insert(tx.get_database_backend(), entries);
    tx.execute_raw(insert).await?;
    Entity::update_many()
        .col_expr(Column::Entries, Expr::value(in_all))
        .filter(Column::CampaignId.eq(list.campaign))
        .filter(Column::Id.eq(list.id))
        .exec(tx)
        .await?;
    Ok(())
}

/// Gets a list.
pub async fn get(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    id: ReconciliationId,
) -> Result<Option<Model>, Error> {
    Ok(Entity::find_by_id((campaign, id)).one(db).await?)
}

/// Locks all lists of a partner, so that one of them is compared at a time, and gives them in the order of their ids.
pub async fn lock_all(tx: &impl ConnectionTrait, list: List) -> Result<Vec<Model>, Error> {
    let query = Entity::find()
        .filter(Column::CampaignId.eq(list.campaign))
        .filter(Column::PartnerId.eq(list.partner))
        .order_by_asc(Column::Id);
    Ok(query.lock_exclusive().all(tx).await?)
}

/// Gives the newest list of a partner that was compared, by its as-of time. Call it under [`lock_all`].
pub async fn newest_compared(
    tx: &impl ConnectionTrait,
    list: List,
) -> Result<Option<Model>, Error> {
    let query = Entity::find()
        .filter(Column::CampaignId.eq(list.campaign))
        .filter(Column::PartnerId.eq(list.partner))
        .filter(Column::State.eq(State::Compared))
        .order_by_desc(Column::AsOfAt)
        .order_by_desc(Column::Id);
    Ok(query.one(tx).await?)
}

/// Writes what comparing came to.
pub async fn write_compared(tx: &impl ConnectionTrait, list: &Model) -> Result<(), Error> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value(State::Compared))
        .col_expr(Column::Agreed, Expr::value(list.agreed))
        .col_expr(Column::Pending, Expr::value(list.pending))
        .col_expr(Column::Closed, Expr::value(list.closed))
        .col_expr(Column::Findings, Expr::value(list.findings.clone()))
        .col_expr(Column::ListSha256, Expr::value(list.list_sha256.clone()))
        .col_expr(Column::FinishedAt, Expr::value(list.finished_at))
        .filter(Column::CampaignId.eq(list.campaign_id))
        .filter(Column::Id.eq(list.id))
        .exec(tx)
        .await?;
    Ok(())
}

/// Deletes entries of a list, at most so many by their places, and gives how many that were.
pub async fn delete_entries(
    tx: &impl ConnectionTrait,
    (campaign, id): (CampaignId, ReconciliationId),
    below: i64,
) -> Result<u64, Error> {
    let deleted = reconciliation_entry::Entity::delete_many()
        .filter(reconciliation_entry::Column::CampaignId.eq(campaign))
        .filter(reconciliation_entry::Column::ReconciliationId.eq(id))
        .filter(reconciliation_entry::Column::Position.lt(below))
        .exec(tx)
        .await?;
    Ok(deleted.rows_affected)
}

/// Tells whether a list has entries.
pub async fn has_entries(
    db: &impl ConnectionTrait,
    (campaign, id): (CampaignId, ReconciliationId),
) -> Result<bool, Error> {
    let query = reconciliation_entry::Entity::find()
        .filter(reconciliation_entry::Column::CampaignId.eq(campaign))
        .filter(reconciliation_entry::Column::ReconciliationId.eq(id));
    Ok(query.one(db).await?.is_some())
}

/// Deletes a list whose entries are gone.
pub async fn delete(
    tx: &impl ConnectionTrait,
    campaign: CampaignId,
    id: ReconciliationId,
) -> Result<(), Error> {
    Entity::delete_by_id((campaign, id)).exec(tx).await?;
    Ok(())
}

/// Lists the lists of a campaign, of one partner or of all, newest first.
pub async fn page(
    db: &impl ConnectionTrait,
    (campaign, partner): (CampaignId, Option<PartnerId>),
    before: Option<ReconciliationId>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let mut query = Entity::find().filter(Column::CampaignId.eq(campaign));
    if let Some(partner) = partner {
        query = query.filter(Column::PartnerId.eq(partner));
    }
    if let Some(before) = before {
        query = query.filter(Column::Id.lt(before));
    }
    let query = query.order_by_desc(Column::Id).limit(limit);
    Ok(query.all(db).await?)
}

/// Gives lists of a campaign that began before an instant.
pub async fn begun_before(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    before: Timestamp,
) -> Result<Vec<Model>, Error> {
    let query = Entity::find()
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::StartedAt.lt(before))
        .order_by_asc(Column::Id);
    Ok(query.all(db).await?)
}
