//! Writing what a batch changed about people who were on the roster before: one statement a table, however many they are.

use sea_orm::ConnectionTrait;
use serde::Serialize;

use crate::db::rows::{self, Is};
use crate::db::{self, Tx};
use crate::kernel::ids::{CampaignId, IndividualId};

use super::super::error::Error;
use super::super::matching::blind::Keys;

/// A person as the tables will have it.
#[derive(Clone, Serialize)]
pub struct Change {
    /// Who.
    pub id: IndividualId,
    /// The person, sealed, as [`rows::hex`] writes it.
    pub sealed: String,
    /// Which rules apply.
    pub population: &'static str,
    /// Region of the address.
    pub region: String,
    /// Country of the address.
    pub country: String,
    /// Language of letters.
    pub locale: &'static str,
    /// Whether a letter can be sent by the address alone.
    pub mailable: bool,
    /// Whether there is an e-mail address or a telephone number.
    pub has_contact: bool,
    /// The blind keys.
    #[serde(flatten)]
    pub keys: Blind,
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

const COLUMNS: [(&str, Is); 13] = [
    ("id", Is::Uuid),
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

/// Writes changed people. They are locked with the roster.
pub async fn write(tx: &Tx<'_>, campaign: CampaignId, changes: &[Change]) -> Result<(), Error> {
    if changes.is_empty() {
        return Ok(());
    }
    let update = async |update: &str| {
        let sql = format!("WITH {} {update}", rows::table(tx.backend(), &COLUMNS));
        let statement = rows::bind_with(tx.backend(), sql, changes, [campaign.into()]);
        Ok::<u64, Error>(tx.execute_raw(statement).await?.rows_affected())
    };
    // Most merges add a contact or a second listing, and leave the five indexes alone.
    let (people, keys) = (update(PEOPLE).await?, update(KEYS).await?);
    let all = changes.len() as u64;
    if people == all && keys <= all {
        Ok(())
    } else {
        Err(db::Error::corrupt("a row that should be there is missing").into())
    }
}
