//! What the roster holds about the references and SSNs of a batch. It is valid only under the lock of the roster.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult};
use uuid::Uuid;

use crate::db::entities::individual;
use crate::db::rows::{self, Is};
use crate::identity::error::Error;
use crate::kernel::ids::CampaignId;

use super::decrypt::decrypt;
use super::keys::RosterKeys;
use super::plan::{Known, Listed, Stored};
use super::prepare::{Judged, Prepared};
use super::store;

/// What was found, people still sealed.
pub struct Found {
    /// What was loaded, by MAC of the reference.
    references: HashMap<Uuid, Listed>,
    /// People by key of their SSN, or under a reference whose content is another one now.
    people: Vec<(Option<i64>, individual::Model)>,
}

impl Found {
    /// Decrypts the people.
    pub fn decrypt(self, keys: &RosterKeys) -> Result<Known, Error> {
        let people = self.people.into_iter();
        let decrypted = people.filter_map(|(key, row)| {
            Some(stored(keys, row).transpose()?.map(|stored| (key, stored)))
        });
        Ok(Known {
            references: self.references,
            people: decrypted.collect::<Result<_, _>>()?,
        })
    }
}

/// Asks for the references of all rows, and for the SSNs of those whose reference is new: a row that was loaded before with
/// the same content needs nothing more. Both under every version of the index key.
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
    let others = || rows().filter(|row| !is_same(row));
    let ssns = sorted(others().flat_map(|row| row.ssn_keys.iter().copied()));
    let listed = others().flat_map(|row| &row.macs);
    let listed = listed.filter_map(|macs| references.get(&macs.reference));
    let listed = sorted(listed.map(|listed| listed.individual));
    let mut people = by_ssn(connection, campaign, &ssns).await?;
    let corrected = store::individuals(connection, campaign, &listed).await?;
    people.extend(corrected.into_iter().map(|row| (None, row)));
    Ok(Found { references, people })
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

/// Gives the individuals behind keys of SSNs.
///
/// Of tables just loaded the planner knows little. "IS TRUE" keeps it from reading all of the campaign by the primary key, and OFFSET 0
/// has it look up one person after the other.
async fn by_ssn(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    keys: &[i64],
) -> Result<Vec<(Option<i64>, individual::Model)>, Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let backend = connection.get_database_backend();
    let person = if backend == DbBackend::Postgres {
        "LATERAL (SELECT p.* FROM individual p WHERE p.campaign_id = $2 AND p.id = i.individual_id OFFSET 0) p WHERE"
    } else {
        "individual p WHERE p.campaign_id = $2 AND p.id = i.individual_id AND"
    };
    let sql = format!(
        "SELECT i.ssn, {} FROM individual_index i CROSS JOIN {person} i.ssn {} AND (i.campaign_id = $2) IS TRUE",
        rows::columns::<individual::Entity>("p"),
        rows::among(backend, Is::Big)
    );
    let statement = rows::bind_with(backend, sql, keys, [campaign.into()]);
    let found = connection.query_all_raw(statement).await?;
    let people = found.iter().map(|row| {
        let person = individual::Model::from_query_result(row, "")?;
        Ok((Some(row.try_get("", "ssn")?), person))
    });
    people.collect()
}

/// Decrypts a person; nothing if the person was erased.
fn stored(keys: &RosterKeys, row: individual::Model) -> Result<Option<Stored>, Error> {
    let person = decrypt(&keys.sealer, &row)?;
    Ok(person.zip(row.salt).map(|(person, salt)| Stored {
        individual: row.id,
        person,
        population: row.population,
        salt,
        is_withdrawn: row.withdrawn_at.is_some(),
    }))
}
