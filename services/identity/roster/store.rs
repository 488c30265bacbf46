//! The roster's queries.

use std::collections::HashMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect,
};

use crate::db;
use crate::db::entities::{
    campaign, campaign_key, covered_entity, enrollment, individual, individual_entity,
    roster_import, verification,
};
use crate::identity::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{
    CampaignId, CoveredEntityId, EnrollmentId, ImportId, IndividualId, VerificationId,
};

use super::letter_language::LetterLanguage;

/// The most values in one list of a query.
const LIST: usize = 500;

/// Cuts values into lists and pads each to a power of two by repeating its last value, so that the database prepares few
/// statements.
pub fn lists<T: Copy>(values: &[T]) -> impl Iterator<Item = Vec<T>> + '_ {
    values.chunks(LIST).map(|chunk| {
        let mut filled = chunk.to_vec();
        let last = chunk[chunk.len() - 1];
        filled.resize(chunk.len().next_power_of_two().min(LIST), last);
        filled
    })
}

/// Gives a campaign.
pub async fn campaign(
    connection: &impl ConnectionTrait,
    id: CampaignId,
) -> Result<campaign::Model, Error> {
    let row = campaign::Entity::find_by_id(id).one(connection).await?;
    row.ok_or(Error::CampaignNotFound)
}

/// Gives the day in a campaign's zone.
pub fn today(campaign: &campaign::Model, now: Timestamp) -> Result<Date, Error> {
    let zone = TimeZone::get(&campaign.zone);
    let zone = zone.map_err(|_| db::Error::corrupt("campaign.zone"))?;
    let today = now.date_in(&zone);
    Ok(today.map_err(|_| db::Error::corrupt("a clock without a date"))?)
}

/// Gives the language of people whose own is not known.
pub fn language(campaign: &campaign::Model) -> LetterLanguage {
    LetterLanguage::parse(&campaign.language).unwrap_or_default()
}

/// Gives the campaign's covered entities by key.
pub async fn entities(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
) -> Result<HashMap<String, CoveredEntityId>, Error> {
    let query =
        covered_entity::Entity::find().filter(covered_entity::Column::CampaignId.eq(campaign));
    let rows = query.all(connection).await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.entity_key, row.id))
        .collect())
}

/// Gives the row of the campaign's data key, if one was made.
pub async fn find_key(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
) -> Result<Option<campaign_key::Model>, Error> {
    Ok(campaign_key::Entity::find_by_id(campaign)
        .one(connection)
        .await?)
}

/// Gives the row of the campaign's data key; writes `fresh` if there is none.
pub async fn find_or_make_key(
    connection: &impl ConnectionTrait,
    fresh: &campaign_key::Model,
) -> Result<campaign_key::Model, Error> {
    let same = OnConflict::column(campaign_key::Column::CampaignId)
        .do_nothing()
        .to_owned();
    campaign_key::Entity::insert(fresh.clone().into_active_model())
        .on_conflict(same)
        .exec_without_returning(connection)
        .await?;
    find_key(connection, fresh.campaign_id)
        .await?
        .ok_or_else(without_key)
}

fn without_key() -> Error {
    db::Error::corrupt("a campaign's key row is missing").into()
}

/// Locks the campaign's roster until the transaction ends, so that batches of two imports are written one after the other.
///
/// A unique key guards references; only this lock keeps two batches from making two individuals of one SSN.
pub async fn lock_roster(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
) -> Result<(), Error> {
    let query = campaign_key::Entity::find_by_id(campaign).lock_exclusive();
    let row = query.one(connection).await?.ok_or_else(without_key)?;
    if row.wrapped.is_some() {
        Ok(())
    } else {
        Err(Error::CampaignErased)
    }
}

/// Gives the import of a file; writes `fresh` if there is none.
pub async fn find_or_make_import(
    connection: &impl ConnectionTrait,
    fresh: &roster_import::Model,
) -> Result<roster_import::Model, Error> {
    use roster_import::Column::{CampaignId, FileSha256};
    let same = OnConflict::columns([CampaignId, FileSha256])
        .do_nothing()
        .to_owned();
    roster_import::Entity::insert(fresh.clone().into_active_model())
        .on_conflict(same)
        .exec_without_returning(connection)
        .await?;
    let query = roster_import::Entity::find()
        .filter(CampaignId.eq(fresh.campaign_id))
        .filter(FileSha256.eq(fresh.file_sha256.as_str()));
    query
        .one(connection)
        .await?
        .ok_or_else(|| db::Error::corrupt("roster_import").into())
}

/// Gives an import.
pub async fn import(
    connection: &impl ConnectionTrait,
    import: (CampaignId, ImportId),
) -> Result<Option<roster_import::Model>, Error> {
    let query = roster_import::Entity::find_by_id(import);
    Ok(query.one(connection).await?)
}

/// Gives one page of a campaign's imports that were opened before an import, newest first.
pub async fn imports_before(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    before: Option<ImportId>,
    limit: u64,
) -> Result<Vec<roster_import::Model>, Error> {
    use roster_import::Column;
    let mut query = roster_import::Entity::find().filter(Column::CampaignId.eq(campaign));
    if let Some(before) = before {
        query = query.filter(Column::Id.lt(before));
    }
    let newest_first = query.order_by_desc(Column::Id).limit(limit);
    Ok(newest_first.all(connection).await?)
}

/// Reads an import, changes it and writes it. It is locked with the roster or here.
pub async fn change_import(
    connection: &impl ConnectionTrait,
    import: (CampaignId, ImportId),
    change: impl FnOnce(&mut roster_import::Model),
) -> Result<roster_import::Model, Error> {
    let query = roster_import::Entity::find_by_id(import).lock_exclusive();
    let row = query.one(connection).await?;
    let mut row = row.ok_or_else(|| db::Error::corrupt("roster_import"))?;
    change(&mut row);
    let written = row.into_active_model().reset_all();
    Ok(written.update(connection).await?)
}

/// Where the imports of a roster stand.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// The line up to which this one was seen.
    pub durable_line: i64,
    /// How many people all of them have made.
    pub people: u64,
}

/// Finds where an import stands, and the others of the campaign.
pub async fn standing(
    connection: &impl ConnectionTrait,
    (campaign, import): (CampaignId, ImportId),
) -> Result<Standing, Error> {
    let query = roster_import::Entity::find()
        .filter(roster_import::Column::CampaignId.eq(campaign))
        .all(connection);
    let all = query.await?;
    let this = all.iter().find(|row| row.id == import);
    let this = this.ok_or_else(|| db::Error::corrupt("roster_import"))?;
    let people: i64 = all.iter().map(|row| row.accepted).sum();
    Ok(Standing {
        durable_line: this.durable_line,
        people: u64::try_from(people).unwrap_or_default(),
    })
}

/// Demands that a statement changed exactly one row.
pub fn one_row(affected: u64) -> Result<(), Error> {
    if affected == 1 {
        Ok(())
    } else {
        Err(db::Error::corrupt("a row that should be there is missing").into())
    }
}

/// Gives an individual.
pub async fn individual(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: IndividualId,
) -> Result<Option<individual::Model>, Error> {
    Ok(individual::Entity::find_by_id((campaign, id))
        .one(connection)
        .await?)
}

/// Gives individuals by their ids, in no order.
pub async fn individuals(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    ids: &[IndividualId],
) -> Result<Vec<individual::Model>, Error> {
    let mut rows = Vec::new();
    for list in lists(ids) {
        let query = individual::Entity::find()
            .filter(individual::Column::CampaignId.eq(campaign))
            .filter(individual::Column::Id.is_in(list));
        rows.extend(query.all(connection).await?);
    }
    Ok(rows)
}

/// What an envelope needs of an individual to whom a letter can be sent. The person is sealed.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Mailable {
    /// Id.
    pub id: IndividualId,
    /// What the person's key derives from.
    pub salt: Vec<u8>,
    /// The person, sealed.
    pub sealed: Vec<u8>,
    /// Which rules apply.
    pub population: individual::Population,
    /// Language of letters; empty means the campaign's.
    pub language: String,
}

/// Gives one page of individuals who can be sent a letter, after an id, in the order of ids.
pub async fn mailable_after(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    after: Option<IndividualId>,
    limit: u64,
) -> Result<Vec<Mailable>, Error> {
    use individual::Column;
    let mut query = individual::Entity::find()
        .select_only()
        .columns([
            Column::Id,
            Column::Salt,
            Column::Sealed,
            Column::Population,
            Column::Language,
        ])
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::Mailable.eq(true))
        .filter(Column::Salt.is_not_null());
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    Ok(query
        .order_by_asc(Column::CampaignId)
        .order_by_asc(Column::Id)
        .limit(limit)
        .into_model()
        .all(connection)
        .await?)
}

/// Gives the covered entities of the individuals between two ids, both included.
pub async fn entities_between(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    first: IndividualId,
    last: IndividualId,
) -> Result<Vec<(IndividualId, CoveredEntityId)>, Error> {
    use individual_entity::Column;
    let query = individual_entity::Entity::find()
        .select_only()
        .columns([Column::IndividualId, Column::CoveredEntityId])
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::Withdrawn.eq(false))
        .filter(Column::IndividualId.gte(first))
        .filter(Column::IndividualId.lte(last));
    Ok(query.into_tuple().all(connection).await?)
}

/// Takes people off the list: they get no further letter and are in no count.
pub async fn take_off_list(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    ids: &[IndividualId],
    now: Timestamp,
) -> Result<(), Error> {
    use individual::Column;
    for list in lists(ids) {
        let update = individual::Entity::update_many()
            .col_expr(Column::WithdrawnAt, Expr::value(now))
            .col_expr(Column::Mailable, Expr::value(false))
            .filter(Column::CampaignId.eq(campaign))
            .filter(Column::Id.is_in(list));
        update.exec(connection).await?;
    }
    Ok(())
}

/// Gives the keys of the covered entities that list each of these individuals, sorted.
pub async fn entities_of(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    ids: &[IndividualId],
) -> Result<HashMap<IndividualId, Vec<String>>, Error> {
    use individual_entity::Column;
    let entities = entities(connection, campaign).await?;
    let keys: HashMap<CoveredEntityId, String> =
        entities.into_iter().map(|(key, id)| (id, key)).collect();
    let mut of: HashMap<IndividualId, Vec<String>> = HashMap::new();
    for list in lists(ids) {
        let query = individual_entity::Entity::find()
            .select_only()
            .distinct()
            .columns([Column::IndividualId, Column::CoveredEntityId])
            .filter(Column::CampaignId.eq(campaign))
            .filter(Column::IndividualId.is_in(list))
            .filter(Column::Withdrawn.eq(false));
        let links: Vec<(IndividualId, CoveredEntityId)> =
            query.into_tuple().all(connection).await?;
        for (individual, entity) in links {
            let listed = of.entry(individual).or_default();
            listed.extend(keys.get(&entity).cloned());
        }
    }
    for keys in of.values_mut() {
        keys.sort_unstable();
    }
    Ok(of)
}

/// Gives every import of a campaign.
pub async fn imports(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
) -> Result<Vec<roster_import::Model>, Error> {
    let query =
        roster_import::Entity::find().filter(roster_import::Column::CampaignId.eq(campaign));
    Ok(query.all(connection).await?)
}

/// Gives a verification.
pub async fn verification(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: VerificationId,
) -> Result<Option<verification::Model>, Error> {
    let query = verification::Entity::find_by_id((campaign, id));
    Ok(query.one(connection).await?)
}

/// Gives an enrollment.
pub async fn enrollment(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: EnrollmentId,
) -> Result<Option<enrollment::Model>, Error> {
    let query = enrollment::Entity::find_by_id((campaign, id));
    Ok(query.one(connection).await?)
}
