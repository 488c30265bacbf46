//! Reading and writing partners. There are few of them.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, Iterable as _, QueryFilter, QueryOrder,
    QuerySelect, Select,
};

use crate::db::entities::partner::{ActiveModel, Column, Entity, Mode, Model, State};
use crate::handoff::error::Error;
use crate::handoff::metrics;
use crate::kernel::clock::Timestamp;
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

/// Gives the partners that we call now, by whichever protocol. One whose row cannot be read is left out, and an alarm says so.
pub async fn called(db: &impl ConnectionTrait) -> Result<Vec<Partner>, Error> {
    let called = Column::Mode.is_in(Mode::iter().filter(|mode| mode.is_called()));
    readable(db, called.and(Column::State.eq(State::Active))).await
}

/// Gives the partners that are reached by files, paused ones too: what they send back is read all the same.
pub async fn by_files(db: &impl ConnectionTrait) -> Result<Vec<Partner>, Error> {
    readable(db, Column::Mode.eq(Mode::File)).await
}

async fn readable(db: &impl ConnectionTrait, which: SimpleExpr) -> Result<Vec<Partner>, Error> {
    let query = Entity::find().filter(which).order_by_asc(Column::Id);
    let read = |row: Model| {
        let name = row.name.clone();
        let partner = Partner::try_from(row);
        metrics::unreadable(&name, partner.is_err());
        partner
            .inspect_err(
                |error| tracing::error!(partner = %name, %error, "nothing is sent to a partner"),
            )
            .ok()
    };
    Ok(query.all(db).await?.into_iter().filter_map(read).collect())
}

/// Gives all partners with how each is reached.
pub async fn modes(db: &impl ConnectionTrait) -> Result<Vec<(PartnerId, Mode)>, Error> {
    let query = Entity::find()
        .select_only()
        .columns([Column::Id, Column::Mode]);
    let query = query.order_by_asc(Column::Id).into_tuple();
    Ok(query.all(db).await?)
}

/// Notes when a partner acknowledged something last.
pub async fn set_heard(
    tx: &impl ConnectionTrait,
    id: PartnerId,
    at: Timestamp,
) -> Result<(), Error> {
    Entity::update_many()
        .col_expr(Column::HeardAt, Expr::value(at))
        .filter(Column::Id.eq(id))
        .exec(tx)
        .await?;
    Ok(())
}

/// Notes until when a partner wants no calls, unless that is noted already.
pub async fn set_throttled(
    tx: &impl ConnectionTrait,
    id: PartnerId,
    until: Timestamp,
) -> Result<(), Error> {
    let is_earlier = Column::ThrottledUntil.lt(until);
    Entity::update_many()
        .col_expr(Column::ThrottledUntil, Expr::value(until))
        .filter(Column::Id.eq(id))
        .filter(Column::ThrottledUntil.is_null().or(is_earlier))
        .exec(tx)
        .await?;
    Ok(())
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
        heard_at: Set(None),
        throttled_until: Set(None),
        paused_campaigns: Set("[]".to_owned()),
        file_layout: Set(partner.file_layout.clone()),
        http_layout: Set(partner.http_layout.clone()),
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
        .col_expr(Column::FileLayout, Expr::value(partner.file_layout.clone()))
        .col_expr(Column::HttpLayout, Expr::value(partner.http_layout.clone()))
        .filter(Column::Id.eq(partner.id))
        .exec(tx)
        .await?;
    Ok(())
}

/// Writes which campaigns wait at a partner.
pub async fn set_paused_campaigns(
    tx: &impl ConnectionTrait,
    partner: &Partner,
) -> Result<(), Error> {
    let campaigns = serde_json::to_string(&partner.paused_campaigns).expect("ids serialize");
    Entity::update_many()
        .col_expr(Column::PausedCampaigns, Expr::value(campaigns))
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
