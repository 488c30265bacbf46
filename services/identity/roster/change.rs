//! Writing what a batch changed about people who were on the roster before, and the few new ones who could not be loaded: one
//! statement a table, however many they are.

use sea_orm::{ConnectionTrait, Value};
use serde::Serialize;
use uuid::Uuid;

use crate::db::rows::{self, Is};
use crate::db::{self, Tx};
use crate::identity::error::Error;
use crate::identity::matching::blind::Keys;
use crate::kernel::ids::{CampaignId, CoveredEntityId, IndividualId};
use crate::kernel::person::Person;

use super::facts::Facts;
use super::keys::RosterKeys;
use super::locale::Locale;
use super::population::Population;
use super::settle::Target;

/// A person as the tables will have it.
#[derive(Clone, Serialize)]
pub struct Change {
    /// Who.
    pub id: IndividualId,
    /// What the person's key derives from, as [`rows::hex`] writes it.
    pub salt: String,
    /// The person, sealed, as [`rows::hex`] writes it.
    pub sealed: String,
    /// Which rules apply.
    pub population: &'static str,
    /// Language of letters.
    pub locale: &'static str,
    /// What may be known in the clear.
    #[serde(flatten)]
    pub facts: Facts,
    /// The blind keys.
    #[serde(flatten)]
    pub keys: Blind,
}

impl Change {
    /// Seals a person, and makes everything that follows from it.
    pub fn of(
        id: IndividualId,
        salt: &[u8],
        person: &Person,
        (population, locale): (Population, Option<Locale>),
        keys: &RosterKeys,
    ) -> Self {
        Self {
            id,
            salt: rows::hex(salt),
            sealed: rows::hex(&keys.sealer.seal(id, salt, person)),
            population: population.as_str(),
            locale: locale.map_or("", Locale::as_str),
            facts: Facts::of(person),
            keys: keys.current().person(person).into(),
        }
    }
}

/// The blind keys of a person, as columns.
#[derive(Clone, Copy, Serialize)]
#[expect(missing_docs, reason = "the columns of individual_index")]
pub struct Blind {
    pub ssn: Option<i64>,
    pub name_dob: Option<i64>,
    pub name_postal: Option<i64>,
    pub dob_postal: Option<i64>,
    pub last4_dob: Option<i64>,
}

impl From<Keys> for Blind {
    fn from(keys: Keys) -> Self {
        Self {
            ssn: keys.ssn,
            name_dob: keys.name_dob,
            name_postal: keys.name_postal,
            dob_postal: keys.dob_postal,
            last4_dob: keys.last4_dob,
        }
    }
}

/// A reference of a covered entity as the table will have it.
#[derive(Clone, Copy, Serialize)]
pub struct NewLink {
    /// The covered entity.
    pub entity: CoveredEntityId,
    /// MAC of the reference.
    pub reference: Uuid,
    /// MAC of the row's content.
    pub content: Uuid,
    /// The person.
    pub individual: IndividualId,
}

const LINK_COLUMNS: [(&str, Is); 4] = [
    ("entity", Is::Uuid),
    ("reference", Is::Uuid),
    ("content", Is::Uuid),
    ("individual", Is::Uuid),
];

const COLUMNS: [(&str, Is); 14] = [
    ("id", Is::Uuid),
    ("salt", Is::Bytes),
    ("sealed", Is::Bytes),
    ("population", Is::Text),
    ("region", Is::Text),
    ("country", Is::Text),
    ("locale", Is::Text),
    ("mailable", Is::Bool),
    ("has_contact", Is::Bool),
    ("ssn", Is::Big),
    ("name_dob", Is::Big),
    ("name_postal", Is::Big),
    ("dob_postal", Is::Big),
    ("last4_dob", Is::Big),
];

/// A row that is merged does not make an address good from which letters came back.
const PEOPLE: &str = "UPDATE individual SET sealed = v.sealed, population = v.population, region = v.region, \
    country = v.country, locale = v.locale, mailable = (v.mailable AND NOT individual.returned), has_contact = v.has_contact FROM v \
    WHERE individual.campaign_id = $2 AND individual.id = v.id AND individual.salt IS NOT NULL";
const KEYS: &str = "UPDATE individual_index SET ssn = v.ssn, name_dob = v.name_dob, name_postal = v.name_postal, \
    dob_postal = v.dob_postal, last4_dob = v.last4_dob FROM v \
    WHERE individual_index.campaign_id = $2 AND individual_index.individual_id = v.id \
    AND (individual_index.ssn IS DISTINCT FROM v.ssn OR individual_index.name_dob IS DISTINCT FROM v.name_dob \
    OR individual_index.name_postal IS DISTINCT FROM v.name_postal OR individual_index.dob_postal IS DISTINCT FROM v.dob_postal \
    OR individual_index.last4_dob IS DISTINCT FROM v.last4_dob)";

const NEW_PEOPLE: &str = "INSERT INTO individual (campaign_id, id, salt, sealed, key_version, population, region, country, \
    mailable, has_contact, created_at, locale) SELECT $2, v.id, v.salt, v.sealed, $3, v.population, v.region, v.country, \
    v.mailable, v.has_contact, $4, v.locale FROM v";
const NEW_KEYS: &str = "INSERT INTO individual_index (campaign_id, individual_id, ssn, name_dob, name_postal, dob_postal, \
    last4_dob) SELECT $2, v.id, v.ssn, v.name_dob, v.name_postal, v.dob_postal, v.last4_dob FROM v";
const NEW_LINKS: &str = "INSERT INTO individual_entity (campaign_id, covered_entity_id, ref_mac, individual_id, row_mac, \
    import_id) SELECT $2, v.entity, v.reference, v.individual, v.content, $3 FROM v";

/// Writes changed people. They are locked with the roster.
pub async fn write(tx: &Tx<'_>, campaign: CampaignId, changes: &[Change]) -> Result<(), Error> {
    if changes.is_empty() {
        return Ok(());
    }
    // Most merges add a contact or a second listing, and leave the five indexes alone.
    let people = execute(tx, (&COLUMNS, changes), PEOPLE, [campaign.into()]).await?;
    let keys = execute(tx, (&COLUMNS, changes), KEYS, [campaign.into()]).await?;
    let all = changes.len() as u64;
    if people == all && keys <= all {
        Ok(())
    } else {
        Err(db::Error::corrupt("a row that should be there is missing").into())
    }
}

/// Writes new people.
pub async fn insert(tx: &Tx<'_>, target: Target<'_>, people: &[Change]) -> Result<(), Error> {
    if people.is_empty() {
        return Ok(());
    }
    let campaign = Value::from(target.campaign);
    let rest = [
        campaign.clone(),
        target.keys.key_version.into(),
        target.now.into(),
    ];
    execute(tx, (&COLUMNS, people), NEW_PEOPLE, rest).await?;
    execute(tx, (&COLUMNS, people), NEW_KEYS, [campaign]).await?;
    Ok(())
}

/// Writes references.
pub async fn link(tx: &Tx<'_>, target: Target<'_>, links: &[NewLink]) -> Result<(), Error> {
    if links.is_empty() {
        return Ok(());
    }
    let rest = [target.campaign.into(), target.import.into()];
    execute(tx, (&LINK_COLUMNS, links), NEW_LINKS, rest).await?;
    Ok(())
}

/// Runs a statement over rows with these columns; gives how many rows of its table it wrote.
async fn execute<T: Serialize>(
    tx: &Tx<'_>,
    (columns, rows): (&[(&str, Is)], &[T]),
    sql: &str,
    rest: impl IntoIterator<Item = Value>,
) -> Result<u64, Error> {
    let sql = format!("WITH {} {sql}", rows::table(tx.backend(), columns));
    let statement = rows::bind_with(tx.backend(), sql, rows, rest);
    Ok(tx.execute_raw(statement).await?.rows_affected())
}
