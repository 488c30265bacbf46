//! How one affected person's data lies sealed in the database.
//!
//! All personal fields of one individual are one blob: JSON, padded to steps of 64 bytes so that the length tells little,
//! sealed with AES-256-GCM. The key is derived from the campaign's key and a salt in the individual's row: without the
//! salt the person is erased, without the campaign's key the campaign is.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::crypto::{self, Key, OpenError};
use super::ids::{CampaignId, IndividualId};
use super::person::{Person, Text};
use super::secrets::Secret;

/// How many bytes the padding steps have.
const STEP: usize = 64;

/// The form inside the blob. Short names keep rows short; they never change.
///
/// Reading always gives owned text, which moves into its [`Secret`] without a copy.
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    #[serde(rename = "g")]
    given_name: Cow<'a, str>,
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    middle_name: Option<Cow<'a, str>>,
    #[serde(rename = "f")]
    family_name: Cow<'a, str>,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    suffix: Option<Cow<'a, str>>,
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    date_of_birth: Option<Cow<'a, str>>,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    ssn: Option<Cow<'a, str>>,
    #[serde(rename = "a", default, skip_serializing_if = "Vec::is_empty")]
    address_lines: Vec<Cow<'a, str>>,
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    city: Option<Cow<'a, str>>,
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    region: Option<Cow<'a, str>>,
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    postal_code: Option<Cow<'a, str>>,
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    country: Option<Cow<'a, str>>,
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    phone: Option<Cow<'a, str>>,
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    email: Option<Cow<'a, str>>,
    #[serde(rename = "T", default, skip_serializing_if = "Vec::is_empty")]
    other_phones: Vec<Cow<'a, str>>,
    #[serde(rename = "E", default, skip_serializing_if = "Vec::is_empty")]
    other_emails: Vec<Cow<'a, str>>,
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    language: Option<Cow<'a, str>>,
    #[serde(rename = "N", default, skip_serializing_if = "Vec::is_empty")]
    prior_names: Vec<Cow<'a, str>>,
    #[serde(rename = "A", default, skip_serializing_if = "Vec::is_empty")]
    prior_addresses: Vec<Cow<'a, str>>,
    #[serde(rename = "x", default, skip_serializing_if = "Vec::is_empty")]
    data_elements: Vec<Cow<'a, str>>,
    #[serde(rename = "q", default, skip_serializing_if = "std::ops::Not::not")]
    confidential: bool,
}

fn shown(text: &Text) -> Cow<'_, str> {
    Cow::Borrowed(text.expose())
}

fn hidden(text: Cow<'_, str>) -> Text {
    Secret::new(text.into_owned())
}

fn all_hidden(texts: Vec<Cow<'_, str>>) -> Vec<Text> {
    texts.into_iter().map(hidden).collect()
}

impl<'a> From<&'a Person> for Stored<'a> {
    fn from(person: &'a Person) -> Self {
        Self {
            given_name: shown(&person.given_name),
            middle_name: person.middle_name.as_ref().map(shown),
            family_name: shown(&person.family_name),
            suffix: person.suffix.as_ref().map(shown),
            date_of_birth: person.date_of_birth.map(|date| date.to_string().into()),
            ssn: person.ssn.as_ref().map(shown),
            address_lines: person.address_lines.iter().map(shown).collect(),
            city: person.city.as_ref().map(shown),
            region: person.region.as_ref().map(shown),
            postal_code: person.postal_code.as_ref().map(shown),
            country: person.country.as_ref().map(shown),
            phone: person.phone.as_ref().map(shown),
            email: person.email.as_ref().map(shown),
            other_phones: person.other_phones.iter().map(shown).collect(),
            other_emails: person.other_emails.iter().map(shown).collect(),
            language: person.language.as_ref().map(|tag| tag.as_str().into()),
            prior_names: person.prior_names.iter().map(shown).collect(),
            prior_addresses: person.prior_addresses.iter().map(shown).collect(),
            data_elements: person.data_elements.iter().map(shown).collect(),
            confidential: person.confidential,
        }
    }
}

impl TryFrom<Stored<'_>> for Person {
    type Error = OpenError;

    fn try_from(stored: Stored<'_>) -> Result<Self, OpenError> {
        let date = stored.date_of_birth.map(|date| date.parse());
        Ok(Self {
            given_name: hidden(stored.given_name),
            middle_name: stored.middle_name.map(hidden),
            family_name: hidden(stored.family_name),
            suffix: stored.suffix.map(hidden),
            date_of_birth: date.transpose().map_err(|_| OpenError)?,
            ssn: stored.ssn.map(hidden),
            address_lines: all_hidden(stored.address_lines),
            city: stored.city.map(hidden),
            region: stored.region.map(hidden),
            postal_code: stored.postal_code.map(hidden),
            country: stored.country.map(hidden),
            phone: stored.phone.map(hidden),
            email: stored.email.map(hidden),
            other_phones: all_hidden(stored.other_phones),
            other_emails: all_hidden(stored.other_emails),
            language: stored.language.and_then(|tag| tag.parse().ok()),
            prior_names: all_hidden(stored.prior_names),
            prior_addresses: all_hidden(stored.prior_addresses),
            data_elements: all_hidden(stored.data_elements),
            confidential: stored.confidential,
        })
    }
}

/// Where a person's data lies: it opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The row's own key within the campaign.
    pub row: Uuid,
}

impl Place {
    /// What an individual mended or chose.
    pub fn supplement_of(individual: IndividualId) -> Self {
        Self {
            table: "supplement",
            column: "sealed",
            row: individual.as_uuid(),
        }
    }

    /// What the record of an individual was before a file corrected it.
    pub fn history_of(individual: IndividualId) -> Self {
        Self {
            table: "individual_history",
            column: "sealed",
            row: individual.as_uuid(),
        }
    }

    /// The record of an individual.
    fn of(individual: IndividualId) -> Self {
        Self {
            table: "individual",
            column: "sealed",
            row: individual.as_uuid(),
        }
    }

    /// The associated data: table, column, campaign, row.
    fn parts<'a>(&'a self, campaign: &'a CampaignId) -> [&'a [u8]; 4] {
        [
            self.table.as_bytes(),
            self.column.as_bytes(),
            campaign.as_bytes(),
            self.row.as_bytes(),
        ]
    }
}

/// Seals and opens the people of one campaign. It holds the campaign's data key.
#[derive(Clone)]
pub struct PersonSealer {
    campaign: CampaignId,
    key: Key,
}

impl PersonSealer {
    /// Takes a campaign's data key.
    pub fn new(campaign: CampaignId, key: Key) -> Self {
        Self { campaign, key }
    }

    /// Opens the data key of a campaign that was wrapped under the keyring's person key.
    pub fn unwrap(master: &Key, campaign: CampaignId, wrapped: &[u8]) -> Result<Self, OpenError> {
        let key = crypto::unwrap_key(master, &key_place(&campaign), wrapped)?;
        Ok(Self::new(campaign, key))
    }

    /// Wraps the campaign's data key under the keyring's person key, for `campaign_key.wrapped`.
    pub fn wrap(&self, master: &Key) -> Vec<u8> {
        crypto::wrap_key(master, &key_place(&self.campaign), &self.key)
    }

    /// Names the campaign.
    pub fn campaign(&self) -> CampaignId {
        self.campaign
    }

    /// Derives a key for other data of the campaign, which is then destroyed with it.
    pub fn other_key(&self, domain: &str) -> Key {
        crypto::derive(&self.key, domain, &[self.campaign.as_bytes()])
    }

    /// Derives the key of one person from the salt in the row.
    pub fn person_key(&self, salt: &[u8]) -> Key {
        crypto::derive(&self.key, "redress.person.v1", &[salt])
    }

    /// Seals a person under the salt of its row.
    pub fn seal(&self, individual: IndividualId, salt: &[u8], person: &Person) -> Vec<u8> {
        self.seal_at(Place::of(individual), salt, person)
    }

    /// Seals further data in the form of a person at another place, under the salt of the individual's row: it is erased with the
    /// individual.
    pub fn seal_at(&self, place: Place, salt: &[u8], person: &Person) -> Vec<u8> {
        let mut plain = Zeroizing::new(Vec::with_capacity(8 * STEP));
        serde_json::to_writer(&mut *plain, &Stored::from(person)).expect("texts serialize");
        // JSON may end in spaces, so the padding needs no marker.
        let padded = plain.len().next_multiple_of(STEP);
        plain.resize(padded, b' ');
        crypto::seal(&self.person_key(salt), &place.parts(&self.campaign), &plain)
    }

    /// Opens what [`PersonSealer::seal_at`] sealed at the same place.
    pub fn open_at(&self, place: Place, salt: &[u8], sealed: &[u8]) -> Result<Person, OpenError> {
        let parts = place.parts(&self.campaign);
        let plain = crypto::open(&self.person_key(salt), &parts, sealed).map(Zeroizing::new)?;
        let stored: Stored<'_> = serde_json::from_slice(&plain).map_err(|_| OpenError)?;
        stored.try_into()
    }

    /// Opens a person with the salt of its row.
    pub fn open(
        &self,
        individual: IndividualId,
        salt: &[u8],
        sealed: &[u8],
    ) -> Result<Person, OpenError> {
        self.open_at(Place::of(individual), salt, sealed)
    }
}

fn key_place(campaign: &CampaignId) -> [&[u8]; 3] {
    [b"campaign_key", b"wrapped", campaign.as_bytes()]
}

impl fmt::Debug for PersonSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PersonSealer")
            .field("campaign", &self.campaign)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAMPAIGN: CampaignId = CampaignId::from_uuid(Uuid::from_u128(1));
    const ONE: IndividualId = IndividualId::from_uuid(Uuid::from_u128(2));
    const OTHER: IndividualId = IndividualId::from_uuid(Uuid::from_u128(3));

    fn sealer() -> PersonSealer {
        PersonSealer::new(CAMPAIGN, Key::from_bytes([1; 32]))
    }

    fn ada() -> Person {
        Person {
            given_name: "Ada".into(),
            family_name: "O\"Lovelace".into(),
            date_of_birth: Some(jiff::civil::date(1815, 12, 10)),
            ssn: Some("666120001".into()),
            address_lines: vec!["12 St. James's Sq".into(), "Apt 3".into()],
            city: Some("Fort Wayne".into()),
            email: Some("ada@example.org".into()),
            ..Person::default()
        }
    }

    #[test]
    fn a_person_comes_back_whole() {
        let sealed = sealer().seal(ONE, b"salt", &ada());
        let back = sealer().open(ONE, b"salt", &sealed).unwrap();
        assert_eq!(back.family_name.expose(), "O\"Lovelace");
        assert_eq!(back.date_of_birth, ada().date_of_birth);
        assert_eq!(back.address_lines[1].expose(), "Apt 3");
        assert_eq!(back.email.unwrap().expose(), "ada@example.org");
        assert!(back.phone.is_none() && back.middle_name.is_none());
    }

    #[test]
    fn what_later_rosters_say_comes_back_and_what_was_sealed_before_still_opens() {
        let person = Person {
            other_phones: vec!["+12605550101".into()],
            language: "es-MX".parse().ok(),
            prior_names: vec!["Ada Byron".into()],
            prior_addresses: vec!["1 Elm St, Gary IN".into()],
            data_elements: vec!["SSN".into()],
            confidential: true,
            ..ada()
        };
        let sealed = sealer().seal(ONE, b"salt", &person);
        let back = sealer().open(ONE, b"salt", &sealed).unwrap();
        assert_eq!(back.prior_names[0].expose(), "Ada Byron");
        assert_eq!(back.prior_addresses[0].expose(), "1 Elm St, Gary IN");
        assert_eq!(back.data_elements[0].expose(), "SSN");
        assert_eq!(back.phones().count(), 1);
        assert_eq!(back.language, person.language);
        assert!(back.confidential);

        let mut before = br#"{"g":"Ada","f":"Lovelace","e":"ada@example.org"}"#.to_vec();
        before.resize(before.len().next_multiple_of(STEP), b' ');
        let key = sealer().person_key(b"salt");
        let sealed = crypto::seal(&key, &Place::of(ONE).parts(&CAMPAIGN), &before);
        let back = sealer().open(ONE, b"salt", &sealed).unwrap();
        assert_eq!(back.emails().count(), 1);
        assert!(back.language.is_none() && back.prior_names.is_empty() && !back.confidential);
    }

    #[test]
    fn a_person_opens_only_with_its_salt_row_and_campaign_key() {
        let sealed = sealer().seal(ONE, b"salt", &ada());
        assert!(sealer().open(ONE, b"other", &sealed).is_err());
        assert!(sealer().open(OTHER, b"salt", &sealed).is_err());
        let stranger = PersonSealer::new(CAMPAIGN, Key::from_bytes([2; 32]));
        assert!(stranger.open(ONE, b"salt", &sealed).is_err());
    }

    #[test]
    fn further_data_opens_only_at_its_place() {
        let at = |column| Place {
            table: "supplement",
            column,
            row: ONE.as_uuid(),
        };
        let sealed = sealer().seal_at(at("sealed"), b"salt", &ada());
        assert!(sealer().open_at(at("sealed"), b"salt", &sealed).is_ok());
        assert!(sealer().open_at(at("other"), b"salt", &sealed).is_err());
        assert!(sealer().open(ONE, b"salt", &sealed).is_err());
    }

    #[test]
    fn names_of_near_lengths_seal_to_one_length() {
        let lengths: Vec<usize> = ["Al", "Alexandra", "Maximilian"]
            .into_iter()
            .map(|name| {
                let person = Person {
                    given_name: name.into(),
                    ..Person::default()
                };
                sealer().seal(ONE, b"salt", &person).len()
            })
            .collect();
        assert_eq!(lengths, [64 + crypto::SEAL_OVERHEAD; 3]);
    }

    #[test]
    fn the_campaign_key_wraps_under_the_keyring() {
        let master = Key::from_bytes([9; 32]);
        let wrapped = sealer().wrap(&master);
        let sealed = sealer().seal(ONE, b"salt", &ada());
        let again = PersonSealer::unwrap(&master, CAMPAIGN, &wrapped).unwrap();
        assert!(again.open(ONE, b"salt", &sealed).is_ok());
        let elsewhere = CampaignId::from_uuid(Uuid::from_u128(7));
        assert!(PersonSealer::unwrap(&master, elsewhere, &wrapped).is_err());
    }

    #[test]
    fn debug_tells_nothing() {
        assert!(!format!("{:?}", sealer()).contains("Key"));
    }
}
