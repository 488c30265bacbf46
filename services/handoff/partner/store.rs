//! Reading and writing partners. There are few of them.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};

use crate::db::entities::partner::{ActiveModel, Column, Entity, Mode, Model, State};
use crate::handoff::error::Error;
use crate::kernel::ids::PartnerId;

use super::model::Partner;

/// Gets a partner by id.
pub async fn by_id(db: &impl ConnectionTrait, id: PartnerId) -> Result<Partner, Error> {
    found(Entity::find_by_id(id).one(db).await?)
}

/// Gets a partner and keeps others from changing it until the transaction ends.
pub async fn lock(tx: &impl ConnectionTrait, id: PartnerId) -> Result<Partner, Error> {
    found(Entity::find_by_id(id).lock_exclusive().one(tx).await?)
}

/// Gets a partner by its certificate's name.
pub async fn by_name(db: &impl ConnectionTrait, name: &str) -> Result<Partner, Error> {
    found(Entity::find().filter(Column::Name.eq(name)).one(db).await?)
}

fn found(row: Option<Model>) -> Result<Partner, Error> {
    Ok(row.ok_or(Error::PartnerNotFound)?.try_into()?)
}

/// Lists partners by name.
pub async fn page(
    db: &impl ConnectionTrait,
    after: Option<String>,
    limit: u64,
) -> Result<Vec<Partner>, Error> {
    let mut query = Entity::find().order_by_asc(Column::Name).limit(limit);
    if let Some(after) = after {
        query = query.filter(Column::Name.gt(after));
    }
    all(query, db).await
}

/// Gives the partners that we call now.
pub async fn to_push_to(db: &impl ConnectionTrait) -> Result<Vec<Partner>, Error> {
    let query = Entity::find()
        .filter(Column::Mode.eq(Mode::Push))
        .filter(Column::State.eq(State::Active))
        .order_by_asc(Column::Id);
    all(query, db).await
}

async fn all(query: Select<Entity>, db: &impl ConnectionTrait) -> Result<Vec<Partner>, Error> {
    let rows = query.all(db).await?.into_iter();
    Ok(rows.map(Partner::try_from).collect::<Result<_, _>>()?)
}

/// Adds a partner.
pub async fn add(tx: &impl ConnectionTrait, partner: &Partner) -> Result<(), Error> {
    let json = "numbers and flags serialize";
    let row = ActiveModel {
        id: Set(partner.id),
        name: Set(partner.name.clone()),
        mode: Set(partner.mode),
        endpoint: Set(partner.endpoint.clone()),
        server_uri: Set(partner.server_uri.clone()),
        state: Set(partner.state),
        max_in_flight: Set(partner.max_in_flight.into()),
        projection: Set(serde_json::to_string(&partner.projection).expect(json)),
        breaker: Set(serde_json::to_string(&partner.breaker).expect(json)),
        created_at: Set(partner.created_at),
    };
    let added = Entity::insert(row).exec_without_returning(tx).await;
    match added.map_err(crate::db::Error::from) {
        Ok(_) => Ok(()),
        Err(error) if error.is_unique("partner_name_key") => Err(Error::PartnerExists),
        Err(error) => Err(error.into()),
    }
}

/// Writes what can be changed of a partner but for its state.
pub async fn write(tx: &impl ConnectionTrait, partner: &Partner) -> Result<(), Error> {
    let projection = serde_json::to_string(&partner.projection).expect("numbers serialize");
    let in_flight: i32 = partner.max_in_flight.into();
    Entity::update_many()
        .col_expr(Column::Endpoint, Expr::value(partner.endpoint.clone()))
        .col_expr(Column::ServerUri, Expr::value(partner.server_uri.clone()))
        .col_expr(Column::MaxInFlight, Expr::value(in_flight))
        .col_expr(Column::Projection, Expr::value(projection))
        .filter(Column::Id.eq(partner.id))
        .exec(tx)
        .await?;
    Ok(())
}

/// Moves a partner to a state; tells whether that changed anything.
pub async fn set_state(
    tx: &impl ConnectionTrait,
    id: PartnerId,
    state: State,
) -> Result<bool, Error> {
    let result = Entity::update_many()
        .col_expr(Column::State, Expr::value(state))
        .filter(Column::Id.eq(id))
        .filter(Column::State.ne(state))
        .exec(tx)
        .await?;
    Ok(result.rows_affected == 1)
}
