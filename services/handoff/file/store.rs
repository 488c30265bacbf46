//! The files that were written: rows of `handoff_file`, and the orders that they lease.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait as _,
    IntoActiveModel as _, QueryFilter, QueryOrder, QuerySelect,
};

use crate::db::entities::handoff::{self, Entity as Handoffs};
use crate::db::entities::handoff_file::{Column, Entity, Model, State};
use crate::handoff::error::Error;
use crate::handoff::queue::due::QueueKey;
use crate::handoff::queue::handoff::Handoff;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, HandoffFileId, PartnerId};

/// Gives a partner's files that are not sent yet: one a queue at most, unless two began one at once.
pub async fn unfinished(
    db: &impl ConnectionTrait,
    partner: PartnerId,
) -> Result<Vec<Model>, Error> {
    let query = Entity::find()
        .filter(Column::PartnerId.eq(partner))
        .filter(Column::State.is_in([State::Writing, State::Ready]))
        .order_by_asc(Column::Id);
    Ok(query.all(db).await?)
}

/// Gives the newest file of a queue.
pub async fn newest(db: &impl ConnectionTrait, queue: QueueKey) -> Result<Option<Model>, Error> {
    let query = Entity::find()
        .filter(Column::CampaignId.eq(queue.campaign))
        .filter(Column::PartnerId.eq(queue.partner))
        .order_by_desc(Column::Number);
    Ok(query.one(db).await?)
}

/// Adds a file; tells whether there was none with its number yet.
pub async fn add(tx: &impl ConnectionTrait, file: Model) -> Result<bool, Error> {
    let added = Entity::insert(file.into_active_model());
    match added
        .exec_without_returning(tx)
        .await
        .map_err(crate::db::Error::from)
    {
        Ok(_) => Ok(true),
        Err(error) if error.is_unique("handoff_file_partner_id_number_key") => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Takes away a file into which nothing came.
pub async fn remove(tx: &impl ConnectionTrait, file: &Model) -> Result<(), Error> {
    Entity::delete_by_id((file.campaign_id, file.id))
        .exec(tx)
        .await?;
    Ok(())
}

/// Takes a file, or keeps it, for whoever works on it until an instant; tells whether it is theirs.
pub async fn hold(
    tx: &impl ConnectionTrait,
    file: &Model,
    owner: &str,
    (now, until): (Timestamp, Timestamp),
) -> Result<bool, Error> {
    let own = Column::LeaseOwner.eq(owner);
    let free = Column::LeaseExpiresAt
        .is_null()
        .or(Column::LeaseExpiresAt.lte(now));
    let held = Entity::update_many()
        .col_expr(Column::LeaseOwner, Expr::value(owner))
        .col_expr(Column::LeaseExpiresAt, Expr::value(until))
        .filter(Column::CampaignId.eq(file.campaign_id))
        .filter(Column::Id.eq(file.id))
        .filter(Column::State.eq(file.state))
        .filter(own.or(free))
        .exec(tx)
        .await?;
    Ok(held.rows_affected == 1)
}

/// Writes how a file stands now, if it stood in the state `from`; tells whether it did.
pub async fn set(tx: &impl ConnectionTrait, from: State, file: &Model) -> Result<bool, Error> {
    let row = file.clone().into_active_model().reset_all();
    let changed = Entity::update_many()
        .set(row)
        .filter(Column::CampaignId.eq(file.campaign_id))
        .filter(Column::Id.eq(file.id))
        .filter(Column::State.eq(from))
        .exec(tx)
        .await?;
    Ok(changed.rows_affected == 1)
}

/// Finds a file of a partner by its name.
pub async fn by_name(
    db: &impl ConnectionTrait,
    partner: PartnerId,
    name: &str,
) -> Result<Option<Model>, Error> {
    let query = Entity::find()
        .filter(Column::PartnerId.eq(partner))
        .filter(Column::Name.eq(name));
    Ok(query.one(db).await?)
}

/// Gives a partner's files that wait for an answer, oldest first.
pub async fn waiting(db: &impl ConnectionTrait, partner: PartnerId) -> Result<Vec<Model>, Error> {
    let query = Entity::find()
        .filter(Column::PartnerId.eq(partner))
        .filter(Column::State.eq(State::Sent))
        .order_by_asc(Column::Id);
    Ok(query.all(db).await?)
}

/// Lists a campaign's files, newest first.
pub async fn page(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    before: Option<HandoffFileId>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let mut query = Entity::find().filter(Column::CampaignId.eq(campaign));
    if let Some(before) = before {
        query = query.filter(Column::Id.lt(before));
    }
    let query = query.order_by_desc(Column::Id).limit(limit);
    Ok(query.all(db).await?)
}

/// Locks orders that a file leases, at most so many, in the order of their ids.
pub async fn lock_leased(
    tx: &impl ConnectionTrait,
    file: &Model,
    most: u64,
) -> Result<Vec<Handoff>, Error> {
    let query = leased(file)
        .order_by_asc(handoff::Column::Id)
        .limit(most)
        .lock_exclusive();
    let rows = query.all(tx).await?.into_iter();
    Ok(rows.map(Handoff::try_from).collect::<Result<_, _>>()?)
}

/// Tells whether a file leases any order.
pub async fn leases_any(db: &impl ConnectionTrait, file: &Model) -> Result<bool, Error> {
    Ok(leased(file).one(db).await?.is_some())
}

fn leased(file: &Model) -> sea_orm::Select<Handoffs> {
    Handoffs::find()
        .filter(handoff::Column::CampaignId.eq(file.campaign_id))
        .filter(handoff::Column::PartnerId.eq(file.partner_id))
        .filter(handoff::Column::State.eq(handoff::State::Leased))
        .filter(handoff::Column::LeaseOwner.eq(file.owner()))
}
