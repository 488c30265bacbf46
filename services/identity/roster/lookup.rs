//! What the roster holds about the rows of a batch: what was loaded under their references, and who may be one of their people. It is valid
//! only under the lock of the roster.

use std::collections::{HashMap, HashSet};

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult};
use uuid::Uuid;

use crate::db::entities::mail_event::{AddressSource, Kind};
use crate::db::entities::{ClosedSet, individual};
use crate::db::rows::{self, Is};
use crate::identity::error::Error;
use crate::identity::matching::blind::Keys;
use crate::kernel::ids::{CampaignId, IndividualId};

use super::decrypt::decrypt;
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
    /// Who of them has which key.
    keys: Vec<(i64, IndividualId)>,
    /// Whose address the post or the mail house gave.
    readdressed: HashSet<IndividualId>,
}

impl Found {
    /// Decrypts the people.
    pub fn decrypt(self, keys: &RosterKeys) -> Result<Known, Error> {
        let people = self.people.into_iter();
        let decrypted = people.filter_map(|row| {
            let is_readdressed = self.readdressed.contains(&row.id);
            stored(keys, row, is_readdressed).transpose()
        });
        Ok(Known {
            references: self.references,
            people: decrypted.collect::<Result<_, _>>()?,
            keys: self.keys,
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
    let keys = alike(connection, campaign, &others).await?;
    let listed = others.iter().flat_map(|row| &row.macs);
    let listed = listed.filter_map(|macs| references.get(&macs.reference));
    let listed = listed.map(|listed| listed.individual);
    let ids = sorted(listed.chain(keys.iter().map(|(_, individual)| *individual)));
    Ok(Found {
        people: people(connection, campaign, &ids).await?,
        readdressed: readdressed(connection, campaign, &ids).await?,
        references,
        keys,
    })
}

/// Gives who shares a key with a row and may be its person.
///
/// Whoever shares only a name and a postal code, or a birth date and a postal code, with a row is worth a look only where one of the two has
/// no number: two numbers that differ, and another birth date or name, are two people.
async fn alike(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    rows: &[&Prepared],
) -> Result<Vec<(i64, IndividualId)>, Error> {
    type Way = (&'static str, fn(&Keys) -> Option<i64>, bool);
    let ways: [Way; 4] = [
        ("ssn", |keys| keys.ssn, true),
        ("name_dob", |keys| keys.name_dob, true),
        ("name_postal", |keys| keys.name_postal, false),
        ("dob_postal", |keys| keys.dob_postal, false),
    ];
    let mut found = Vec::new();
    for (column, key_of, is_enough) in ways {
        let of = |row: &&Prepared| row.keys().filter_map(key_of).collect::<Vec<_>>();
        let keys = sorted(rows.iter().flat_map(of));
        let unnumbered = rows.iter().filter(|row| row.person.ssn.is_none());
        let unnumbered: HashSet<i64> = unnumbered.flat_map(of).collect();
        let mut sharers = sharers(connection, campaign, column, &keys).await?;
        let mut count: HashMap<i64, usize> = HashMap::new();
        for sharer in &sharers {
            *count.entry(sharer.key).or_default() += 1;
        }
        sharers.retain(|sharer| {
            count[&sharer.key] <= MOST_ALIKE
                && (is_enough || !sharer.has_number || unnumbered.contains(&sharer.key))
        });
        found.extend(sharers.iter().map(|sharer| (sharer.key, sharer.individual)));
    }
    Ok(found)
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

/// Somebody with a key.
struct Sharer {
    key: i64,
    individual: IndividualId,
    has_number: bool,
}

/// Gives who has one of these keys, of each key at most one more than tells anything.
///
/// Of tables just loaded the planner knows little: "IS TRUE" keeps it from reading all of the campaign by the primary key.
async fn sharers(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    column: &str,
    keys: &[i64],
) -> Result<Vec<Sharer>, Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let backend = connection.get_database_backend();
    let sql = format!(
        "SELECT a.k, a.individual_id, a.ssn FROM (SELECT i.{column} AS k, i.individual_id, i.ssn, \
         ROW_NUMBER() OVER (PARTITION BY i.{column}) AS place FROM individual_index i \
         WHERE i.{column} {} AND (i.campaign_id = $2) IS TRUE) AS a WHERE a.place <= {}",
        rows::among(backend, Is::Big),
        MOST_ALIKE + 1
    );
    let statement = rows::bind_with(backend, sql, keys, [campaign.into()]);
    let found = connection.query_all_raw(statement).await?;
    let sharers = found.iter().map(|row| {
        let number: Option<i64> = row.try_get("", "ssn")?;
        Ok(Sharer {
            key: row.try_get("", "k")?,
            individual: row.try_get("", "individual_id")?,
            has_number: number.is_some(),
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
