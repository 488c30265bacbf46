//! The rows of restorations.

use std::collections::BTreeSet;

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder, QuerySelect,
};
use uuid::Uuid;

use crate::db::entities::handoff::{Kind, Queued};
use crate::db::entities::individual;
use crate::db::entities::restoration::{ActiveModel, Column, Entity, Model, State};
use crate::db::{self, Tx};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, IndividualId, RestorationId};

/// Adds a restoration unless one of this person is open; tells whether it was added.
pub async fn add(tx: &Tx<'_>, row: Model) -> Result<bool, db::Error> {
    let row = ActiveModel::from(row).reset_all();
    let insert = Entity::insert(row).on_conflict(OnConflict::new().do_nothing().to_owned());
    Ok(insert.exec_without_returning(tx).await? == 1)
}

/// Finds the restoration of a person that is open.
pub async fn open_of(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    individual: IndividualId,
) -> Result<Option<Model>, db::Error> {
    let open = [State::Requested, State::Open, State::ActionRequired];
    let query = of(campaign, individual).filter(Column::State.is_in(open));
    Ok(query.one(connection).await?)
}

/// Finds the newest restoration of a person.
pub async fn newest_of(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    individual: IndividualId,
) -> Result<Option<Model>, db::Error> {
    let query = of(campaign, individual).order_by_desc(Column::Id);
    Ok(query.one(connection).await?)
}

fn of(campaign: CampaignId, individual: IndividualId) -> sea_orm::Select<Entity> {
    Entity::find()
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::IndividualId.eq(individual))
}

/// Finds a restoration.
pub async fn get(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: RestorationId,
) -> Result<Option<Model>, db::Error> {
    Ok(Entity::find_by_id((campaign, id)).one(connection).await?)
}

/// Lists a campaign's restorations in one state or in all, oldest first.
pub async fn page(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    state: Option<State>,
    (after, limit): (Option<RestorationId>, u64),
) -> Result<Vec<Model>, db::Error> {
    let mut query = Entity::find().filter(Column::CampaignId.eq(campaign));
    if let Some(state) = state {
        query = query.filter(Column::State.eq(state));
    }
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    let query = query.order_by_asc(Column::Id).limit(limit);
    Ok(query.all(connection).await?)
}

/// Locks restorations, in the order of their ids.
pub async fn lock(
    tx: &Tx<'_>,
    keys: &BTreeSet<(CampaignId, Uuid)>,
) -> Result<Vec<Model>, db::Error> {
    let mut found = Vec::new();
    for (campaign, id) in keys {
        let id = RestorationId::from_uuid(*id);
        let row = Entity::find_by_id((*campaign, id)).lock_exclusive();
        found.extend(row.one(tx).await?);
    }
    Ok(found)
}

/// Writes a restoration that is locked.
pub async fn change(tx: &Tx<'_>, row: &Model) -> Result<(), db::Error> {
    let row = ActiveModel::from(row.clone()).reset_all();
    row.update(tx).await?;
    Ok(())
}

/// Queues the order of a restoration.
pub async fn queue(tx: &Tx<'_>, order: &Queued) -> Result<(), db::Error> {
    let order = std::slice::from_ref(order);
    let statement = Queued::statement(tx.backend(), Kind::Restore, order);
    tx.execute_raw(statement).await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct Listed {
    erased_at: Option<Timestamp>,
    withdrawn_at: Option<Timestamp>,
}

/// Tells whether a person is on the roster, and not withdrawn or erased.
pub async fn is_affected(
    tx: &Tx<'_>,
    campaign: CampaignId,
    individual: IndividualId,
) -> Result<bool, db::Error> {
    let found = individual::Entity::find_by_id((campaign, individual))
        .select_only()
        .column(individual::Column::ErasedAt)
        .column(individual::Column::WithdrawnAt)
        .into_model::<Listed>()
        .one(tx)
        .await?;
    Ok(found.is_some_and(|it| it.erased_at.is_none() && it.withdrawn_at.is_none()))
}
