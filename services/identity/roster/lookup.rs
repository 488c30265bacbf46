//! What the roster holds about the rows of a batch: what was loaded under their references, and who may be one of their people. It is valid
//! only under the lock of the roster.

use std::collections::{HashMap, HashSet};

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult};
use uuid::Uuid;

use crate::db::entities::mail_event::{AddressSource, Kind};
use crate::db::entities::{ClosedSet, individual};
use crate::db::rows::{self, Is};
use crate::identity::error::Error;
use crate::identity::matching::keys::{KeyOf, Keys};
use crate::kernel::ids::{CampaignId, IndividualId};

use super::decrypt::decrypt;
use super::index;
use super::keys::RosterKeys;
use super::known::{Known, Listed, Stored};
use super::plan::MOST_ALIKE;
use super::prepare::{Judged, Prepared};

/// What was found, people still sealed.
pub struct Found {
    /// What was loaded, by MAC of the reference.
    references: HashMap<Uuid, Listed>,
    /// Those who share a blind key with a row, or stand under a reference whose content is another one now.
    people: Vec<individual::Model>,
    /// By which keys they were found.
    keys: Vec<(IndividualId, Keys)>,
    /// Keys of numbers by which too many were found.
    crowded_numbers: HashSet<i64>,
    /// Whose address the post or the mail house gave.
    readdressed: HashSet<IndividualId>,
}

impl Found {
    /// Decrypts the people, of so many that were ever loaded.
    pub fn decrypt(self, keys: &RosterKeys, people_in_all: u64) -> Result<Known, Error> {
        let people = self.people.into_iter();
        let decrypted = people.filter_map(|row| {
            let is_readdressed = self.readdressed.contains(&row.id);
            stored(keys, row, is_readdressed).transpose()
        });
        Ok(Known {
            references: self.references,
            people: decrypted.collect::<Result<_, _>>()?,
            keys: self.keys,
            crowded_numbers: self.crowded_numbers,
            people_in_all,
        })
    }
}

/// Asks for the references of all rows, and for who may be the person of those whose reference is new or has other content now: a row that
/// was loaded before with the same content needs nothing more. Under every version of the index key.
pub async fn find(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    rows: &[Judged],
) -> Result<Found, Error> {
    let rows = || rows.iter().filter_map(|row| row.verdict.as_ref().ok());
    let macs = rows().flat_map(|row| &row.macs);
    let references = sorted(macs.map(|macs| macs.reference));
    let references = contents(connection, campaign, &references).await?;
    // One that is there with the same content needs nothing more.
    let is_same = |row: &&Prepared| {
        let mut macs = row.macs.iter();
        macs.any(|macs| {
            let listed = references.get(&macs.reference);
            listed.is_some_and(|listed| listed.content == macs.content)
        })
    };
    let others: Vec<&Prepared> = rows().filter(|row| !is_same(row)).collect();
    let (keys, crowded_numbers) = alike(connection, campaign, &others).await?;
    let listed = others.iter().flat_map(|row| &row.macs);
    let listed = listed.filter_map(|macs| references.get(&macs.reference));
    let listed = listed.map(|listed| listed.individual);
    let ids = sorted(listed.chain(keys.iter().map(|(individual, _)| *individual)));
    Ok(Found {
        people: people(connection, campaign, &ids).await?,
        readdressed: readdressed(connection, campaign, &ids).await?,
        references,
        keys,
        crowded_numbers,
    })
}

/// Gives who shares keys with a row and may be its person, by all that the keys tell ([`Keys::may_be_of_one`]); and the keys of numbers that
/// too many share.
async fn alike(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    rows: &[&Prepared],
) -> Result<(Vec<(IndividualId, Keys)>, HashSet<i64>), Error> {
    let (mut found, mut crowded_numbers) = (HashMap::new(), HashSet::new());
    for of in KeyOf::OF_ROWS {
        let mut rows_by_key: HashMap<i64, Vec<&Keys>> = HashMap::new();
        for keys in rows.iter().flat_map(|row| row.keys()) {
            if let Some(key) = keys.get(of) {
                rows_by_key.entry(key).or_default().push(keys);
            }
        }
        let keys = sorted(rows_by_key.keys().copied());
        let sharers = sharers(connection, campaign, of, &keys).await?;
        let mut people: HashMap<i64, HashSet<IndividualId>> = HashMap::new();
        for sharer in &sharers {
            let people = people.entry(sharer.key).or_default();
            people.insert(sharer.individual);
        }
        if of == KeyOf::Ssn {
            let crowded = people.iter().filter(|(_, of)| of.len() > MOST_ALIKE);
            crowded_numbers.extend(crowded.map(|(key, _)| *key));
        }
        for sharer in sharers {
            let may_be = |keys: &&Keys| keys.may_be_of_one(&sharer.keys);
            if people[&sharer.key].len() <= MOST_ALIKE
                && rows_by_key[&sharer.key].iter().any(may_be)
            {
                found.insert((sharer.individual, sharer.description), sharer.keys);
            }
        }
    }
    let people = found
        .into_iter()
        .map(|((individual, _), keys)| (individual, keys));
    Ok((people.collect(), crowded_numbers))
}

fn sorted<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// Gives what those references hold that were loaded before.
async fn contents(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    references: &[Uuid],
) -> Result<HashMap<Uuid, Listed>, Error> {
    if references.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = connection.get_database_backend();
    let sql = format!(
        "SELECT ref_mac, row_mac, individual_id FROM individual_entity WHERE campaign_id = $2 AND ref_mac {}",
        rows::among(backend, Is::Uuid)
    );
    let statement = rows::bind_with(backend, sql, references, [campaign.into()]);
    let found = connection.query_all_raw(statement).await?;
    let pairs = found.iter().map(|row| {
        let listed = Listed {
            content: row.try_get("", "row_mac")?,
            individual: row.try_get("", "individual_id")?,
        };
        Ok((row.try_get("", "ref_mac")?, listed))
    });
    pairs.collect()
}

/// Somebody with a key, and all keys of that description.
struct Sharer {
    key: i64,
    individual: IndividualId,
    description: i64,
    keys: Keys,
}

/// Gives who has one of these keys, of each key at most one description more than tells anything.
///
/// Of tables just loaded the planner knows little: "IS TRUE" keeps it from reading all of the campaign by the primary key.
async fn sharers(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    of: KeyOf,
    keys: &[i64],
) -> Result<Vec<Sharer>, Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let (column, most) = (of.column(), MOST_ALIKE + 1);
    let backend = connection.get_database_backend();
    let sql = if backend == DbBackend::Postgres {
        // However many share a key, no more than these are read.
        let columns = index::each(&|column| format!("a.{column}"));
        format!(
            "WITH {} SELECT v.k, a.individual_id, a.description, {columns} FROM v CROSS JOIN LATERAL \
             (SELECT i.* FROM individual_index i WHERE i.{column} = v.k AND (i.campaign_id = $2) IS TRUE LIMIT {most}) a",
            rows::list(backend, "k", Is::Big),
        )
    } else {
        let columns = index::each(&|column| format!("i.{column}"));
        format!(
            "SELECT * FROM (SELECT i.{column} AS k, i.individual_id, i.description, {columns}, \
             ROW_NUMBER() OVER (PARTITION BY i.{column}) AS place FROM individual_index i \
             WHERE i.{column} {} AND (i.campaign_id = $2) IS TRUE) AS a WHERE a.place <= {most}",
            rows::among(backend, Is::Big),
        )
    };
    let statement = rows::bind_with(backend, sql, keys, [campaign.into()]);
    let found = connection.query_all_raw(statement).await?;
    let sharers = found.iter().map(|row| {
        Ok(Sharer {
            key: row.try_get("", "k")?,
            individual: row.try_get("", "individual_id")?,
            description: row.try_get("", "description")?,
            keys: index::read(row)?,
        })
    });
    sharers.collect()
}

/// Gives people by their ids. OFFSET 0 has PostgreSQL look up one after the other, whatever it thinks of a table just loaded.
async fn people(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    ids: &[IndividualId],
) -> Result<Vec<individual::Model>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = connection.get_database_backend();
    let person = if backend == DbBackend::Postgres {
        "CROSS JOIN LATERAL (SELECT p.* FROM individual p WHERE p.campaign_id = $2 AND p.id = v.id OFFSET 0) p"
    } else {
        "CROSS JOIN individual p ON p.campaign_id = $2 AND p.id = v.id"
    };
    let columns = rows::columns::<individual::Entity>("p");
    let query = format!("SELECT {columns} FROM v {person}");
    let statement = rows::bind_ids(backend, &query, ids, [campaign.into()]);
    let found = connection.query_all_raw(statement).await?;
    let people = found.iter();
    let people = people.map(|row| individual::Model::from_query_result(row, ""));
    Ok(people.collect::<Result<_, _>>()?)
}

/// Gives whose address the post or the mail house gave.
async fn readdressed(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    ids: &[IndividualId],
) -> Result<HashSet<IndividualId>, Error> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let backend = connection.get_database_backend();
    let sql = format!(
        "SELECT individual_id FROM mail_event WHERE campaign_id = $2 AND kind = $3 AND address_source <> $4 \
         AND individual_id {}",
        rows::among(backend, Is::Uuid)
    );
    let rest = [
        campaign.into(),
        Kind::AddressCorrected.as_str().into(),
        AddressSource::CoveredEntity.as_str().into(),
    ];
    let found = connection
        .query_all_raw(rows::bind_with(backend, sql, ids, rest))
        .await?;
    let ids = found.iter().map(|row| row.try_get("", "individual_id"));
    Ok(ids.collect::<Result<_, _>>()?)
}

/// Decrypts a person; nothing if the person was erased.
fn stored(
    keys: &RosterKeys,
    row: individual::Model,
    is_readdressed: bool,
) -> Result<Option<Stored>, Error> {
    let person = decrypt(&keys.sealer, &row)?;
    Ok(person.zip(row.salt).map(|(person, salt)| Stored {
        individual: row.id,
        person,
        population: row.population,
        salt,
        is_withdrawn: row.withdrawn_at.is_some(),
        is_readdressed,
    }))
}
