//! What can be done to a row before the database is asked: parse, seal, make its blind keys.
//!
//! It is done as if the row made a new individual, which most rows do. So it runs on a thread beside the write of the
//! batch before, and the database never waits for a cipher.

use std::sync::Arc;

use serde::Serialize;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::db::entities::individual::Population;
use crate::identity::matching::blind::Indexer;
use crate::identity::matching::keys::Keys;
use crate::kernel::ids::{CoveredEntityId, Ids};
use crate::kernel::person::Person;

use super::keys::RosterKeys;
use super::reject::Reject;
use super::row::{RawRow, Row, Rules, parse_row};
use super::sealed::Sealed;
use super::warning::Warning;

/// The length of a person's salt.
const SALT_LEN: usize = 16;

/// One row, judged by itself.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Line in the file.
    pub line: i64,
    /// The row made ready, or why it is not taken.
    pub verdict: Result<Prepared, Reject>,
    /// What there is to say about its cells, if it is taken.
    pub warnings: Vec<Warning>,
}

/// A row made ready, and the person that it tells of.
#[derive(Clone)]
pub struct Prepared {
    /// The covered entity.
    pub entity: CoveredEntityId,
    /// MACs of the reference and of the content, for each version of the index key, the current one first.
    pub macs: Vec<RowMacs>,
    /// Blind keys under the older versions of the index key; those under the current one are written with the person.
    pub older_keys: Vec<Keys>,
    /// Which rules apply.
    pub population: Population,
    /// The population column; nothing if it is empty.
    pub stated: Option<Population>,
    /// The person.
    pub person: Person,
    /// What is written if nobody like that is known.
    pub sealed: Arc<Sealed>,
}

/// Keyed hashes of one row under one version of the index key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RowMacs {
    /// Of the covered entity's reference.
    pub reference: Uuid,
    /// Of everything in the row.
    pub content: Uuid,
}

impl Prepared {
    /// Gives the blind keys under every version of the index key, the current one first.
    pub fn keys(&self) -> impl Iterator<Item = &Keys> {
        std::iter::once(&self.sealed.keys).chain(&self.older_keys)
    }
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared")
            .field("individual", &self.sealed.id)
            .finish_non_exhaustive()
    }
}

/// Prepares a row. Ids grow from row to row, so that a batch is sorted by its key.
pub fn prepare(raw: &RawRow, rules: &Rules, keys: &RosterKeys, ids: &Ids) -> Judged {
    let mut parsed = parse_row(&raw.columns, rules);
    let warnings = parsed.as_mut().map(|row| std::mem::take(&mut row.warnings));
    Judged {
        line: raw.line,
        warnings: warnings.unwrap_or_default(),
        verdict: parsed.map(|row| ready(row, keys, ids)),
    }
}

fn ready(row: Row, keys: &RosterKeys, ids: &Ids) -> Prepared {
    let (id, salt) = (ids.next(), ids.random::<SALT_LEN>());
    let sealed = Arc::new(Sealed::of(id, &salt, &row.person, row.population, keys));
    let older = keys.indexers.iter().skip(1);
    let older_keys = older.map(|indexer| indexer.person(&row.person)).collect();
    let indexers = keys.indexers.iter();
    Prepared {
        entity: row.entity,
        macs: indexers.map(|indexer| macs(indexer, &row)).collect(),
        older_keys,
        population: row.population,
        stated: row.stated,
        person: row.person,
        sealed,
    }
}

fn macs(indexer: &Indexer, row: &Row) -> RowMacs {
    let person = &row.person;
    let born = person
        .date_of_birth
        .map(|date| date.to_string())
        .unwrap_or_default();
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
    ];
    let mut parts: Vec<&[u8]> = vec![
        person.given_name.expose().as_bytes(),
        person.family_name.expose().as_bytes(),
        born.as_bytes(),
        row.stated.map_or("", Population::into).as_bytes(),
    ];
    parts.extend(optional.map(|field| field.as_ref().map_or("", |text| text.expose()).as_bytes()));
    parts.extend(
        person
            .address_lines
            .iter()
            .map(|line| line.expose().as_bytes()),
    );
    let later = later_columns(person);
    parts.extend(later.iter().map(|part| part.as_bytes()));
    RowMacs {
        reference: indexer.reference(row.entity, row.reference.expose()),
        content: indexer.row(&parts),
    }
}

/// Gives the columns that came later than the first rosters, only where they say something: files from before them stay the same.
/// No address line begins like these.
fn later_columns(person: &Person) -> Vec<Zeroizing<String>> {
    let part = |name: &str, value: &str| Zeroizing::new(format!("\0{name}\0{value}"));
    let lists = [
        ("phone", &person.other_phones),
        ("email", &person.other_emails),
        ("prior_name", &person.prior_names),
        ("prior_address", &person.prior_addresses),
        ("data_element", &person.data_elements),
    ];
    let language = person.language.iter();
    let language = language.map(|language| part("locale", language.as_str()));
    let items = lists.into_iter().flat_map(|(name, items)| {
        let items = items.iter();
        items.map(move |item| part(name, item.expose()))
    });
    let confidential = person.confidential.then(|| part("confidential", "yes"));
    language.chain(items).chain(confidential).collect()
}
