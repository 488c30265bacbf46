//! The blind keys of people in their table: the description that counts, and beside it those under which somebody was listed before or is
//! listed elsewhere. All of them lead to the person; whether it is the one who is meant, the opened record tells.

use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryResult, Statement};
use serde::Serialize;

use crate::db::entities::individual_index::{Column, Entity};
use crate::db::rows::{self, Is};
use crate::db::{self, Bulk, Cell, Tx};
use crate::identity::error::Error;
use crate::identity::matching::blind::Indexer;
use crate::identity::matching::contact::{self, Kind};
use crate::identity::matching::keys::{KeyOf, Keys};
use crate::kernel::ids::{CampaignId, IndividualId};
use crate::kernel::person::Person;

use super::sealed::Sealed;
use super::store;

/// How many ways there are to make keys: people who are written now have all of [`KeyOf::ALL`] (1), and descriptions by their names of before
/// and their further contacts (2). Those from before are written anew by [`super::reindex`].
pub const MADE_BY: i32 = 2;

const KINDS: usize = KeyOf::ALL.len();

/// Writes the keys of people who have none.
pub async fn insert(
    tx: &Tx<'_>,
    campaign: CampaignId,
    people: &[Arc<Sealed>],
) -> Result<(), Error> {
    const COLUMNS: [&str; KINDS + 1] = columns();
    let bulk = Bulk {
        table: "individual_index",
        same: &[
            ("campaign_id", campaign.into()),
            ("description", 0_i64.into()),
            ("made_by", MADE_BY.into()),
        ],
        columns: COLUMNS,
    };
    // Boxed, because a future may not hold closures over references.
    let rows: Box<dyn Iterator<Item = [Cell<'_>; KINDS + 1]> + Send> =
        Box::new(people.iter().map(|person| {
            let keys = person.keys.columns();
            std::array::from_fn(|at| match at {
                0 => person.id.into(),
                at => keys[at - 1].into(),
            })
        }));
    tx.copy_in(bulk, rows).await?;
    Ok(())
}

const fn columns() -> [&'static str; KINDS + 1] {
    let mut columns = ["individual_id"; KINDS + 1];
    let mut at = 0;
    while at < KINDS {
        columns[at + 1] = KeyOf::ALL[at].column();
        at += 1;
    }
    columns
}

/// Writes the keys of people who have changed, and keeps those that they had.
pub async fn update(tx: &Tx<'_>, campaign: CampaignId, people: &[Sealed]) -> Result<(), Error> {
    let ids: Vec<IndividualId> = people.iter().map(|person| person.id).collect();
    let before = current(tx, campaign, &ids).await?;
    let has_changed = |person: &&Sealed| {
        let keys = before.get(&person.id);
        keys.is_some_and(|keys| *keys != person.keys)
    };
    // Most merges add a contact or a second listing, and change no key.
    let changed: Vec<&Sealed> = people.iter().filter(has_changed).collect();
    let now: Vec<Row> = changed
        .iter()
        .map(|one| Row::of(one.id, one.keys))
        .collect();
    rewrite(tx, campaign, &now).await?;
    let former = changed.iter().filter_map(|one| {
        let keys = before[&one.id].beside(&one.keys)?;
        Some(Former::of(one.id, keys))
    });
    add_former(tx, campaign, &former.collect::<Vec<_>>()).await
}

/// Keys of somebody.
#[derive(Serialize)]
pub struct Row {
    id: IndividualId,
    #[serde(flatten)]
    keys: Keys,
}

impl Row {
    /// Takes the keys of somebody.
    pub fn of(id: IndividualId, keys: Keys) -> Self {
        Self { id, keys }
    }
}

/// Writes the keys of people over those that count now.
pub async fn rewrite(tx: &Tx<'_>, campaign: CampaignId, people: &[Row]) -> Result<(), Error> {
    if people.is_empty() {
        return Ok(());
    }
    let set = each(&|column| format!("{column} = v.{column}"));
    let sql = format!(
        "WITH {} UPDATE individual_index SET {set}, made_by = $3 FROM v WHERE individual_index.campaign_id = $2 \
         AND individual_index.individual_id = v.id AND individual_index.description = 0",
        rows::table(tx.backend(), &table(None)),
    );
    let rest = [campaign.into(), MADE_BY.into()];
    let statement = rows::bind_with(tx.backend(), sql, people, rest);
    tx.execute_raw(statement).await?;
    Ok(())
}

/// Marks all descriptions of people as made by this program.
pub async fn mark(tx: &Tx<'_>, campaign: CampaignId, people: &[IndividualId]) -> Result<(), Error> {
    for list in store::lists(people) {
        let update = Entity::update_many()
            .col_expr(Column::MadeBy, Expr::value(MADE_BY))
            .filter(Column::CampaignId.eq(campaign))
            .filter(Column::IndividualId.is_in(list));
        update.exec(tx).await?;
    }
    Ok(())
}

/// Another description of somebody, as far as it differs from the one that counts.
#[derive(Serialize)]
pub struct Former {
    id: IndividualId,
    description: i64,
    #[serde(flatten)]
    keys: Keys,
}

impl Former {
    /// Takes what is different in a description of somebody.
    pub fn of(id: IndividualId, keys: Keys) -> Self {
        Self {
            id,
            description: keys.digest(),
            keys,
        }
    }
}

/// Gives how somebody is described beside the record: by the family names of before, and by further contacts.
pub fn beside(id: IndividualId, person: &Person, indexer: &Indexer) -> Vec<Former> {
    let now = indexer.person(person);
    let named = indexer.formerly(person);
    let named = named.filter_map(|keys| keys.beside(&now));
    let all = named.chain(further_contacts(person, indexer));
    all.map(|keys| Former::of(id, keys)).collect()
}

/// Gives a key for each contact of a person but the first of its kind, which stands with the description that counts.
pub fn further_contacts<'a>(
    person: &'a Person,
    indexer: &'a Indexer,
) -> impl Iterator<Item = Keys> + 'a {
    let of = |kind: Kind| contact::contacts(person).filter(move |contact| contact.kind == kind);
    let all = of(Kind::Email).skip(1).chain(of(Kind::Phone).skip(1));
    all.map(|contact| {
        let key = indexer.contact(contact.kind, contact.value);
        Keys::of(|of| (of == contact.kind.key_of()).then_some(key))
    })
}

/// Adds descriptions of people who have keys. One that is there already is not there twice.
pub async fn add_former(tx: &Tx<'_>, campaign: CampaignId, former: &[Former]) -> Result<(), Error> {
    if former.is_empty() {
        return Ok(());
    }
    let keys = each(&str::to_owned);
    let sql = format!(
        "WITH {} INSERT INTO individual_index (campaign_id, individual_id, description, made_by, {keys}) \
         SELECT $2, id, description, $3, {keys} FROM v WHERE 1 = 1 \
         ON CONFLICT (campaign_id, individual_id, description) DO NOTHING",
        rows::table(tx.backend(), &table(Some("description"))),
    );
    let rest = [campaign.into(), MADE_BY.into()];
    tx.execute_raw(rows::bind_with(tx.backend(), sql, former, rest))
        .await?;
    Ok(())
}

/// Gives the keys that count now.
async fn current(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    ids: &[IndividualId],
) -> Result<HashMap<IndividualId, Keys>, Error> {
    let of_index = each(&|column| format!("i.{column}"));
    let query = format!(
        "SELECT i.individual_id, {of_index} FROM v JOIN individual_index i \
         ON i.campaign_id = $2 AND i.individual_id = v.id AND i.description = 0"
    );
    let backend = connection.get_database_backend();
    let found = connection
        .query_all_raw(rows::bind_ids(backend, &query, ids, [campaign.into()]))
        .await?;
    let pairs = found.iter().map(|row| {
        let id: IndividualId = row.try_get("", "individual_id")?;
        Ok((id, read(row)?))
    });
    pairs.collect()
}

/// Gives all descriptions of somebody, the one that counts first.
pub async fn of_individual(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: IndividualId,
) -> Result<Vec<(i64, Keys)>, Error> {
    let keys = each(&str::to_owned);
    let sql = format!(
        "SELECT description, {keys} FROM individual_index WHERE campaign_id = $1 AND individual_id = $2"
    );
    let values = [campaign.into(), id.into()];
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let found = connection.query_all_raw(statement).await?;
    let all = found.iter().map(|row| {
        let description: i64 = row.try_get("", "description")?;
        Ok((description, read(row)?))
    });
    let mut all = all.collect::<Result<Vec<_>, Error>>()?;
    all.sort_by_key(|(description, _)| (*description != 0, *description));
    Ok(all)
}

/// Reads the keys of a row.
pub fn read(row: &QueryResult) -> Result<Keys, db::Error> {
    let mut keys = [None; KINDS];
    for (of, key) in KeyOf::ALL.into_iter().zip(&mut keys) {
        *key = row.try_get("", of.column())?;
    }
    Ok(Keys::of(|of| keys[of as usize]))
}

/// Removes all keys of an individual, so that neither a claim nor a row finds it.
pub async fn remove(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: IndividualId,
) -> Result<(), Error> {
    let delete = Entity::delete_many()
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::IndividualId.eq(id));
    delete.exec(connection).await?;
    Ok(())
}

/// Removes former descriptions of somebody.
pub async fn remove_former(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    id: IndividualId,
    descriptions: &[i64],
) -> Result<(), Error> {
    let former = descriptions.iter().copied().filter(|one| *one != 0);
    let delete = Entity::delete_many()
        .filter(Column::CampaignId.eq(campaign))
        .filter(Column::IndividualId.eq(id))
        .filter(Column::Description.is_in(former));
    delete.exec(connection).await?;
    Ok(())
}

/// Writes something for the column of each key, as a list.
pub fn each(write: &dyn Fn(&str) -> String) -> String {
    let columns = KeyOf::ALL.iter().map(|of| write(of.column()));
    columns.collect::<Vec<_>>().join(", ")
}

fn table(description: Option<&'static str>) -> Vec<(&'static str, Is)> {
    let keys = KeyOf::ALL.iter().map(|of| (of.column(), Is::Big));
    let head = std::iter::once(("id", Is::Uuid)).chain(description.map(|name| (name, Is::Big)));
    head.chain(keys).collect()
}
