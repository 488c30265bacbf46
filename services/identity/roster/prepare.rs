//! What can be done to a row before the database is asked: parse, seal, make its blind keys.
//!
//! It is done as if the row made a new individual, which most rows do. So it runs on a thread beside the write of the
//! batch before, and the database never waits for a cipher.

use uuid::Uuid;

use crate::kernel::ids::{CoveredEntityId, Ids, IndividualId};
use crate::kernel::person::Person;

use super::super::matching::blind::{Indexer, Keys};
use super::keys::RosterKeys;
use super::locale::Locale;
use super::population::Population;
use super::reject::Reject;
use super::row::{RawRow, Row, Rules, parse_row};

/// The length of a person's salt.
pub const SALT_LEN: usize = 16;

/// One row, judged by itself.
#[derive(Debug)]
pub struct Judged {
    /// Line in the file.
    pub line: i64,
    /// The row made ready, or why it is not taken.
    pub verdict: Result<Prepared, Reject>,
}

/// A row made ready to become a new individual.
pub struct Prepared {
    /// The covered entity.
    pub entity: CoveredEntityId,
    /// MACs of the reference and of the content, for each version of the index key, the current one first.
    pub macs: Vec<RowMacs>,
    /// The person.
    pub person: Person,
    /// Which rules apply.
    pub population: Population,
    /// Language of letters, if the row says one.
    pub locale: Option<Locale>,
    /// Blind keys of the person under the current index key.
    pub keys: Keys,
    /// Keys of the SSN under every version of the index key, the current one first; empty without an SSN.
    pub ssn_keys: Vec<i64>,
    /// The id the person gets if nobody like that is known.
    pub individual: IndividualId,
    /// The salt that goes with it.
    pub salt: [u8; SALT_LEN],
    /// The person sealed under both.
    pub sealed: Vec<u8>,
}

/// Keyed hashes of one row under one version of the index key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowMacs {
    /// Of the covered entity's reference.
    pub reference: Uuid,
    /// Of everything in the row.
    pub content: Uuid,
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared")
            .field("individual", &self.individual)
            .finish_non_exhaustive()
    }
}

/// Prepares rows in order. Ids grow with the lines, so that the batch is sorted by its key.
pub fn prepare(rows: &[RawRow], rules: &Rules, keys: &RosterKeys, ids: &Ids) -> Vec<Judged> {
    rows.iter()
        .map(|raw| Judged {
            line: raw.line,
            verdict: parse_row(&raw.columns, rules).map(|row| ready(row, keys, ids)),
        })
        .collect()
}

fn ready(row: Row, keys: &RosterKeys, ids: &Ids) -> Prepared {
    let individual = ids.next();
    let salt = ids.random::<SALT_LEN>();
    let sealed = keys.sealer.seal(individual, &salt, &row.person);
    let ssn = row.person.ssn.as_ref();
    Prepared {
        macs: keys
            .indexers
            .iter()
            .map(|indexer| macs(indexer, &row))
            .collect(),
        keys: keys.current().person(&row.person),
        ssn_keys: ssn.map_or_else(Vec::new, |ssn| {
            keys.indexers
                .iter()
                .map(|one| one.ssn(ssn.expose()))
                .collect()
        }),
        entity: row.entity,
        person: row.person,
        population: row.population,
        locale: row.locale,
        individual,
        salt,
        sealed,
    }
}

fn macs(indexer: &Indexer, row: &Row) -> RowMacs {
    let person = &row.person;
    let born = person
        .date_of_birth
        .map(|date| date.to_string())
        .unwrap_or_default();
    let text = |text: &Option<crate::kernel::person::Text>| {
        text.as_ref().map_or("", |text| text.expose()).to_owned()
    };
    let optional = [
        &person.middle_name,
        &person.suffix,
        &person.ssn,
        &person.city,
        &person.region,
        &person.postal_code,
        &person.country,
        &person.phone,
        &person.email,
    ]
    .map(|field| zeroize::Zeroizing::new(text(field)));
    let mut parts: Vec<&[u8]> = vec![
        person.given_name.expose().as_bytes(),
        person.family_name.expose().as_bytes(),
        born.as_bytes(),
        row.stated.map_or("", Population::as_str).as_bytes(),
    ];
    parts.extend(optional.iter().map(|field| field.as_bytes()));
    parts.extend(
        person
            .address_lines
            .iter()
            .map(|line| line.expose().as_bytes()),
    );
    // Only where it is said, so that files from before the column stay the same; no address line begins like this.
    let locale = row
        .locale
        .map(|locale| format!("\0locale\0{}", locale.as_str()));
    parts.extend(locale.as_ref().map(String::as_bytes));
    RowMacs {
        reference: indexer.reference(row.entity, row.reference.expose()),
        content: indexer.row(&parts),
    }
}
