//! Campaigns, their covered entities and products.

use std::collections::BTreeSet;

use sea_orm::sea_query::{Expr, ExprTrait, LockType};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Select, Set,
};

use crate::codes::error::Error;
use crate::codes::store::{self, exactly_one};
use crate::db::entities::campaign::{self, State};
use crate::db::entities::front_ends::FrontEnds;
use crate::db::entities::individual::Population;
use crate::db::entities::{consent_text, covered_entity, partner, product};
use crate::db::{self, Tx};
use crate::kernel::caller::Caller;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, PartnerId};

/// A campaign with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campaign {
    /// The campaign.
    pub row: campaign::Model,
    /// Whom the affected people know, in the order they were given.
    pub entities: Vec<covered_entity::Model>,
    /// Who gets what.
    pub products: Vec<product::Model>,
    /// The consent texts, the campaign's own language first, those that were replaced among them.
    pub consent_texts: Vec<consent_text::Model>,
}

impl Campaign {
    /// Gives the shortest term of a product for adults, in calendar months.
    pub fn shortest_term(&self) -> i32 {
        let adults = self.products.iter();
        let adults = adults.filter(|it| it.population == product::Population::Adult);
        adults.map(|product| product.term_months).min().unwrap_or(0)
    }
}

/// Writes a new campaign.
pub async fn insert(tx: &Tx<'_>, new: &Campaign) -> Result<(), db::Error> {
    store::insert(tx, &new.row).await?;
    let entities = new
        .entities
        .iter()
        .map(|row| covered_entity::ActiveModel::from(row.clone()).reset_all());
    covered_entity::Entity::insert_many(entities)
        .exec_without_returning(tx)
        .await?;
    let products = new
        .products
        .iter()
        .map(|row| product::ActiveModel::from(row.clone()).reset_all());
    product::Entity::insert_many(products)
        .exec_without_returning(tx)
        .await?;
    let texts = new
        .consent_texts
        .iter()
        .map(|row| consent_text::ActiveModel::from(row.clone()).reset_all());
    consent_text::Entity::insert_many(texts)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Finds a campaign by its engagement number.
pub async fn by_number(
    connection: &impl ConnectionTrait,
    number: &str,
) -> Result<Option<campaign::Model>, db::Error> {
    let query = campaign::Entity::find().filter(campaign::Column::EngagementNumber.eq(number));
    Ok(query.one(connection).await?)
}

/// Finds a campaign by its id.
pub async fn by_id(
    connection: &impl ConnectionTrait,
    id: CampaignId,
) -> Result<Option<campaign::Model>, db::Error> {
    Ok(campaign::Entity::find_by_id(id).one(connection).await?)
}

/// Finds a campaign and locks it until the transaction ends: closing it and issuing codes take turns.
pub async fn lock(tx: &Tx<'_>, id: CampaignId) -> Result<Option<campaign::Model>, db::Error> {
    Ok(campaign::Entity::find_by_id(id)
        .lock(LockType::NoKeyUpdate)
        .one(tx)
        .await?)
}

/// Finds an open campaign and locks it until the transaction ends.
pub async fn lock_open(tx: &Tx<'_>, id: CampaignId) -> Result<campaign::Model, Error> {
    let campaign = lock(tx, id).await?.ok_or(Error::CampaignNotFound)?;
    match campaign.state {
        State::Open => Ok(campaign),
        State::Closed => Err(Error::CampaignClosed),
    }
}

/// Lists campaigns, newest first, older than `before`.
pub async fn page(
    connection: &impl ConnectionTrait,
    before: Option<CampaignId>,
    limit: u64,
) -> Result<Vec<campaign::Model>, db::Error> {
    Ok(newest_first(before, limit).all(connection).await?)
}

/// Lists those that a caller may know of.
pub async fn page_for(
    connection: &impl ConnectionTrait,
    caller: &Caller,
    before: Option<CampaignId>,
    limit: u64,
) -> Result<Vec<campaign::Model>, db::Error> {
    let query = newest_first(before, limit)
        .filter(FrontEnds::admitting(caller, campaign::Column::FrontEnds));
    Ok(query.all(connection).await?)
}

fn newest_first(before: Option<CampaignId>, limit: u64) -> Select<campaign::Entity> {
    let query = campaign::Entity::find()
        .order_by_desc(campaign::Column::Id)
        .limit(limit);
    match before {
        Some(before) => query.filter(campaign::Column::Id.lt(before)),
        None => query,
    }
}

/// Reads what belongs to campaigns, in their order.
pub async fn complete(
    connection: &impl ConnectionTrait,
    rows: Vec<campaign::Model>,
) -> Result<Vec<Campaign>, db::Error> {
    let ids: Vec<CampaignId> = rows.iter().map(|row| row.id).collect();
    let entities = covered_entity::Entity::find()
        .filter(covered_entity::Column::CampaignId.is_in(ids.clone()))
        .order_by_asc(covered_entity::Column::Id)
        .all(connection)
        .await?;
    let products = product::Entity::find()
        .filter(product::Column::CampaignId.is_in(ids.clone()))
        .order_by_asc(product::Column::Population)
        .order_by_asc(product::Column::PartnerId)
        .order_by_asc(product::Column::Code)
        .all(connection)
        .await?;
    let texts = consent_text::Entity::find()
        .filter(consent_text::Column::CampaignId.is_in(ids))
        .order_by_asc(consent_text::Column::Language)
        .all(connection)
        .await?;
    let texts_of = |row: &campaign::Model| {
        let own = texts.iter().filter(|text| text.campaign_id == row.id);
        let mut own: Vec<_> = own.cloned().collect();
        own.sort_by_key(|text| text.language != row.language);
        own
    };
    let whole = rows.into_iter().map(|row| Campaign {
        entities: entities
            .iter()
            .filter(|entity| entity.campaign_id == row.id)
            .cloned()
            .collect(),
        products: products
            .iter()
            .filter(|product| product.campaign_id == row.id)
            .cloned()
            .collect(),
        consent_texts: texts_of(&row),
        row,
    });
    Ok(whole.collect())
}

/// Closes an open campaign.
pub async fn close(tx: &Tx<'_>, id: CampaignId, now: Timestamp) -> Result<(), db::Error> {
    let update = campaign::ActiveModel {
        state: Set(State::Closed),
        closed_at: Set(Some(now)),
        ..Default::default()
    };
    let result = campaign::Entity::update_many()
        .set(update)
        .filter(campaign::Column::Id.eq(id))
        .filter(campaign::Column::State.eq(State::Open))
        .exec(tx)
        .await?;
    exactly_one(
        result.rows_affected,
        "a campaign that is not open was closed; lock and ask its state first",
    )
}

/// Writes the words of a campaign that is locked, and which front ends serve it.
pub async fn correct(tx: &Tx<'_>, row: campaign::Model) -> Result<(), db::Error> {
    let words = campaign::ActiveModel {
        name: Set(row.name),
        letter_url: Set(row.letter_url),
        letter_phone: Set(row.letter_phone),
        front_ends: Set(row.front_ends),
        restoration: Set(row.restoration),
        ..Default::default()
    };
    let result = campaign::Entity::update_many()
        .set(words)
        .filter(campaign::Column::Id.eq(row.id))
        .exec(tx)
        .await?;
    exactly_one(
        result.rows_affected,
        "a campaign was changed without its lock",
    )
}

/// Writes a covered entity that is known, or adds one.
pub async fn put_entity(
    tx: &Tx<'_>,
    row: covered_entity::ActiveModel,
    is_known: bool,
) -> Result<(), db::Error> {
    let row = row.reset_all();
    if is_known {
        covered_entity::Entity::update(row).exec(tx).await?;
    } else {
        covered_entity::Entity::insert(row)
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

/// Ends the use of the current consent text in a language.
pub async fn replace_text(
    tx: &Tx<'_>,
    id: CampaignId,
    language: &str,
    now: Timestamp,
) -> Result<(), db::Error> {
    let ended = consent_text::ActiveModel {
        replaced_at: Set(Some(now)),
        ..Default::default()
    };
    let result = consent_text::Entity::update_many()
        .set(ended)
        .filter(consent_text::Column::CampaignId.eq(id))
        .filter(consent_text::Column::Language.eq(language))
        .filter(consent_text::Column::ReplacedAt.is_null())
        .exec(tx)
        .await?;
    exactly_one(
        result.rows_affected,
        "a consent text was replaced without its campaign's lock",
    )
}

/// Gives a campaign a later last day to enroll.
pub async fn extend(
    tx: &Tx<'_>,
    id: CampaignId,
    on: jiff::civil::Date,
    at: Timestamp,
) -> Result<(), db::Error> {
    let update = campaign::ActiveModel {
        enroll_by: Set(on.to_string()),
        enroll_by_at: Set(at),
        ..Default::default()
    };
    let result = campaign::Entity::update_many()
        .set(update)
        .filter(campaign::Column::Id.eq(id))
        .filter(campaign::Column::EnrollByAt.lt(at))
        .exec(tx)
        .await?;
    exactly_one(
        result.rows_affected,
        "a campaign was given less time; lock and ask its date first",
    )
}

/// Gives the covered entities of a campaign.
pub async fn entities(
    connection: &impl ConnectionTrait,
    id: CampaignId,
) -> Result<Vec<covered_entity::Model>, db::Error> {
    Ok(covered_entity::Entity::find()
        .filter(covered_entity::Column::CampaignId.eq(id))
        .all(connection)
        .await?)
}

/// Gives the populations that the campaign has a product for: the letters of all others, the deceased among them, bear no code.
pub async fn populations_with_product(
    connection: &impl ConnectionTrait,
    id: CampaignId,
) -> Result<Vec<Population>, db::Error> {
    let query = product::Entity::find()
        .select_only()
        .column(product::Column::Population)
        .distinct()
        .filter(product::Column::CampaignId.eq(id));
    let found: Vec<product::Population> = query.into_tuple().all(connection).await?;
    Ok(found.into_iter().map(Population::from).collect())
}

/// Tells which of these partners exist.
pub async fn known_partners(
    connection: &impl ConnectionTrait,
    ids: &[PartnerId],
) -> Result<BTreeSet<PartnerId>, db::Error> {
    let query = partner::Entity::find()
        .select_only()
        .column(partner::Column::Id)
        .filter(Expr::col(partner::Column::Id).is_in(ids.iter().copied()));
    let known: Vec<PartnerId> = query.into_tuple().all(connection).await?;
    Ok(known.into_iter().collect())
}
