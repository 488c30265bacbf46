//! What the roster holds about the references and SSNs of a batch.
//!
//! Only what an import has not seen to be new ([`Seen`]) is asked for, references and SSNs in lists.
//! [`Asked`] says what that is.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement, Value};
use serde::Serialize;
use uuid::Uuid;

use crate::db::entities::individual;
use crate::db::rows::{self, Is};
use crate::identity::context::Context;
use crate::identity::error::{self, Error};
use crate::kernel::ids::{CampaignId, IndividualId};

use super::keys::RosterKeys;
use super::locale::Locale;
use super::plan::{Known, Stored};
use super::population::Population;
use super::prepare::NewIndividual;
use super::seen::Seen;
use super::settle::Target;

/// Rows of a page when the roster's keys are read. Few, as in [`LIST`]: what the driver holds of an answer is larger than what is kept
/// of it.
const PAGE: i64 = 8_192;
/// How many references or SSNs are asked for at once.
const LIST: usize = 2_000;

/// What the roster is asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    references: Vec<Uuid>,
    ssns: Vec<i64>,
}

impl Asked {
    /// Asks for what the roster may hold about a row.
    pub fn about(row: &NewIndividual, seen: &Seen) -> Self {
        let mut asked = Self::everything(row);
        asked
            .references
            .retain(|reference| seen.has_reference(*reference));
        asked.ssns.retain(|key| seen.has_ssn(*key));
        asked
    }

    /// Asks for all that a row can meet, under every version of the index key.
    pub fn everything(row: &NewIndividual) -> Self {
        Self {
            references: row.macs.iter().map(|macs| macs.reference).collect(),
            ssns: row.ssn_keys.clone(),
        }
    }

    /// Tells whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.references.is_empty() && self.ssns.is_empty()
    }

    /// Asks for more.
    pub fn add(&mut self, more: Self) {
        self.references.extend(more.references);
        self.ssns.extend(more.ssns);
    }
}

/// Reads which references and SSNs the roster holds, page by page, and of how many settled rows they are. Nothing is to be read
/// before the first import.
pub async fn seen(context: &Context, campaign: CampaignId) -> Result<(Seen, i64), Error> {
    let read = context.db.read();
    // Counted first: whatever is settled meanwhile makes another number.
    let settled = settled(read, campaign).await?;
    let mut seen = Seen::default();
    let mut after = Uuid::nil();
    loop {
        let page = references_after(read, campaign, after).await?;
        for reference in &page {
            seen.add_reference(*reference);
        }
        match page.last() {
            Some(last) => after = *last,
            None => break,
        }
    }
    let mut after = IndividualId::from_uuid(Uuid::nil());
    loop {
        let page = ssns_after(read, campaign, after).await?;
        for ssn in page.iter().filter_map(|(_, ssn)| *ssn) {
            seen.add_ssn(ssn);
        }
        match page.last() {
            Some((last, _)) => after = *last,
            None => return Ok((seen, settled)),
        }
    }
}

/// Gives what the roster holds. It is locked, and the batch's newcomers stand in it, at least those of all pieces but the last: rows of a
/// later piece ask for them.
pub async fn known(
    read: &impl ConnectionTrait,
    target: Target<'_>,
    asked: &Asked,
) -> Result<Known, Error> {
    let mut keys = asked.ssns.clone();
    keys.sort_unstable();
    keys.dedup();
    let mut known = Known::default();
    for references in asked.references.chunks(LIST) {
        let found = contents(read, target.campaign, references).await?;
        known.references.extend(found);
    }
    for keys in keys.chunks(LIST) {
        for (key, row) in by_ssn(read, target.campaign, keys).await? {
            if let Some(stored) = open(target.keys, row)? {
                known.people.push((key, stored));
            }
        }
    }
    Ok(known)
}

/// Counts the rows that all imports of a campaign have settled.
pub async fn settled(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
) -> Result<i64, Error> {
    const SQL: &str = "SELECT CAST(COALESCE(SUM(accepted + merged), 0) AS BIGINT) AS n FROM roster_import \
        WHERE campaign_id = $1";
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, SQL, [campaign.into()]);
    let row = connection.query_one_raw(statement).await?;
    Ok(row.map_or(Ok(0), |row| row.try_get("", "n"))?)
}

/// Gives the MACs of content of those references that were loaded before.
///
/// Each is looked up by the whole primary key: in a join the planner, who knows little about tables just loaded, may choose
/// to read all of the campaign.
async fn contents(
    read: &impl ConnectionTrait,
    campaign: CampaignId,
    references: &[Uuid],
) -> Result<HashMap<Uuid, Uuid>, Error> {
    #[derive(Serialize)]
    struct Wanted {
        mac: Uuid,
    }
    let wanted = references.iter().map(|mac| Wanted { mac: *mac });
    let wanted: Vec<Wanted> = wanted.collect();
    let backend = read.get_database_backend();
    let sql = format!(
        "WITH {} SELECT v.mac, (SELECT e.row_mac FROM individual_entity e WHERE e.campaign_id = $2 \
         AND e.ref_mac = v.mac) AS content FROM v",
        rows::table(backend, &[("mac", Is::Uuid)])
    );
    let statement = rows::bind_with(backend, sql, &wanted, [campaign.into()]);
    let mut found = HashMap::new();
    for row in read.query_all_raw(statement).await? {
        let content: Option<Uuid> = row.try_get("", "content")?;
        if let Some(content) = content {
            found.insert(row.try_get("", "mac")?, content);
        }
    }
    Ok(found)
}

/// Gives the individuals behind keys of SSNs.
async fn by_ssn(
    read: &impl ConnectionTrait,
    campaign: CampaignId,
    keys: &[i64],
) -> Result<Vec<(i64, individual::Model)>, Error> {
    #[derive(Serialize)]
    struct Wanted {
        ssn: i64,
    }
    let wanted: Vec<Wanted> = keys.iter().map(|ssn| Wanted { ssn: *ssn }).collect();
    let backend = read.get_database_backend();
    // One key after the other, and one person, for the reason given at `contents`; and "IS TRUE" keeps the primary key out of the
    // choice.
    let found = if backend == DbBackend::Postgres {
        "LATERAL (SELECT i.individual_id FROM individual_index i WHERE i.ssn = v.ssn AND (i.campaign_id = $2) IS TRUE \
         OFFSET 0) i CROSS JOIN LATERAL (SELECT * FROM individual p WHERE p.campaign_id = $2 AND p.id = i.individual_id \
         OFFSET 0) p"
    } else {
        "individual_index i CROSS JOIN individual p WHERE i.ssn = v.ssn AND (i.campaign_id = $2) IS TRUE \
         AND p.campaign_id = $2 AND p.id = i.individual_id"
    };
    let sql = format!(
        "WITH {} SELECT v.ssn, p.* FROM v CROSS JOIN {found}",
        rows::table(backend, &[("ssn", Is::Big)])
    );
    let statement = rows::bind_with(backend, sql, &wanted, [campaign.into()]);
    let mut found = Vec::new();
    for row in read.query_all_raw(statement).await? {
        let person = individual::Model::from_query_result(&row, "")?;
        found.push((row.try_get("", "ssn")?, person));
    }
    Ok(found)
}

/// Gives the next references of a campaign, in the order of their key.
async fn references_after(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    after: Uuid,
) -> Result<Vec<Uuid>, Error> {
    const SQL: &str = "SELECT ref_mac FROM individual_entity WHERE campaign_id = $1 AND ref_mac > $2 \
        ORDER BY ref_mac LIMIT $3";
    let values: [Value; 3] = [campaign.into(), after.into(), PAGE.into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), SQL, values);
    let rows = connection.query_all_raw(statement).await?;
    let references = rows.iter().map(|row| row.try_get("", "ref_mac"));
    Ok(references.collect::<Result<_, _>>()?)
}

/// Gives the SSN keys of a campaign's next individuals, in the order of their ids.
async fn ssns_after(
    connection: &impl ConnectionTrait,
    campaign: CampaignId,
    after: IndividualId,
) -> Result<Vec<(IndividualId, Option<i64>)>, Error> {
    const SQL: &str = "SELECT individual_id, ssn FROM individual_index WHERE campaign_id = $1 AND individual_id > $2 \
        ORDER BY individual_id LIMIT $3";
    let values: [Value; 3] = [campaign.into(), after.into(), PAGE.into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), SQL, values);
    let rows = connection.query_all_raw(statement).await?;
    let pairs = rows
        .iter()
        .map(|row| Ok((row.try_get("", "individual_id")?, row.try_get("", "ssn")?)));
    pairs.collect()
}

/// Opens a person; an erased one is nobody.
fn open(keys: &RosterKeys, row: individual::Model) -> Result<Option<Stored>, Error> {
    let Some((salt, sealed)) = row.salt.zip(row.sealed) else {
        return Ok(None);
    };
    let person = keys
        .sealer
        .open(row.id, &salt, &sealed)
        .map_err(error::unreadable)?;
    let population = Population::parse(&row.population);
    let population =
        population.ok_or_else(|| crate::db::Error::corrupt("individual.population"))?;
    Ok(Some(Stored {
        individual: row.id,
        person,
        population,
        locale: Locale::parse(&row.locale),
        salt,
    }))
}
