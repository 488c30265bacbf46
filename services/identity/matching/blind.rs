//! Blind indexes: keyed hashes by which a person is found without the values being there.
//!
//! Every key is 64 bits of HMAC-SHA-256 under the index key, with the campaign in it: equal people of two campaigns do not
//! show. With four million people two strangers share a 64-bit key once in two million campaigns, and a hit is compared with
//! the opened record anyway.

use jiff::civil::Date;
use serde::Serialize;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::kernel::crypto::{self, Key, Macs};
use crate::kernel::ids::{CampaignId, CoveredEntityId, IndividualId};
use crate::kernel::person::{Person, Text};

use super::compare::Claims;
use super::fold::{self, Folded};
use super::ssn;

/// The keys of one person, by what they were made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Keys {
    /// The nine digits of the SSN.
    pub ssn: Option<i64>,
    /// Family name, first letter of the given name, birth date.
    pub name_dob: Option<i64>,
    /// Family name, first letter of the given name, postal code.
    pub name_postal: Option<i64>,
    /// Birth date, postal code.
    pub dob_postal: Option<i64>,
    /// Last four digits of the SSN, birth date.
    pub last4_dob: Option<i64>,
}

impl Keys {
    /// Gives the keys under which another row of the same person is looked for: whichever one field is wrong or missing, another key
    /// holds. The last four digits find nobody whom the whole number does not.
    pub fn of_rows(&self) -> impl Iterator<Item = i64> {
        let keys = [self.ssn, self.name_dob, self.name_postal, self.dob_postal];
        keys.into_iter().flatten()
    }

    /// Gives the keys that are there.
    pub fn present(&self) -> impl Iterator<Item = i64> {
        [
            self.ssn,
            self.name_dob,
            self.name_postal,
            self.dob_postal,
            self.last4_dob,
        ]
        .into_iter()
        .flatten()
    }
}

/// Makes blind keys and MACs of one campaign under one version of the index key.
#[derive(Clone, Debug)]
pub struct Indexer {
    campaign: CampaignId,
    key: Key,
    of_row: OfRow,
}

/// The key made ready for what every row of a roster needs.
#[derive(Clone, Debug)]
struct OfRow {
    reference: Macs,
    row: Macs,
    ssn: Macs,
    name_dob: Macs,
    name_postal: Macs,
    dob_postal: Macs,
    last4_dob: Macs,
}

impl OfRow {
    fn new(key: &Key) -> Self {
        let macs = |domain| Macs::new(key, domain);
        Self {
            reference: macs("ref"),
            row: macs("row"),
            ssn: macs("ssn"),
            name_dob: macs("name_dob"),
            name_postal: macs("name_postal"),
            dob_postal: macs("dob_postal"),
            last4_dob: macs("last4_dob"),
        }
    }
}

impl Indexer {
    /// Takes a version of the index key.
    pub fn new(campaign: CampaignId, key: &Key) -> Self {
        let key = crypto::derive(key, "redress.index.v1", &[campaign.as_bytes()]);
        Self {
            campaign,
            of_row: OfRow::new(&key),
            key,
        }
    }

    /// Names the campaign.
    pub fn campaign(&self) -> CampaignId {
        self.campaign
    }

    /// Gives the MAC of a covered entity's reference of a person.
    pub fn reference(&self, entity: CoveredEntityId, reference: &str) -> Uuid {
        let parts = [entity.as_bytes(), reference.as_bytes()];
        crypto::half(&self.of_row.reference.mac(&parts))
    }

    /// Gives the MAC of a whole row, to tell the same row from a changed one.
    pub fn row(&self, parts: &[&[u8]]) -> Uuid {
        crypto::half(&self.of_row.row.mac(parts))
    }

    /// Gives the MAC of a corrected address, to tell the same correction from another one. Two people at one address do not
    /// show.
    pub fn address(&self, individual: IndividualId, source: &str, place: &Person) -> Uuid {
        let text = |text: &'_ Option<Text>| -> Zeroizing<String> {
            let text = text.as_ref().map(|text| text.expose().clone());
            Zeroizing::new(text.unwrap_or_default())
        };
        let of_city = [
            &place.city,
            &place.region,
            &place.postal_code,
            &place.country,
        ]
        .map(text);
        let mut parts: Vec<&[u8]> = vec![individual.as_bytes(), source.as_bytes()];
        parts.extend(of_city.iter().map(|part| part.as_bytes()));
        let lines = place.address_lines.iter();
        parts.extend(lines.map(|line| line.expose().as_bytes()));
        crypto::mac128(&self.key, "address", &parts)
    }

    /// Gives the MAC of a secret that was sent, such as a confirmation code.
    pub fn secret(&self, domain: &str, parts: &[&[u8]]) -> [u8; 32] {
        crypto::mac(&self.key, domain, parts)
    }

    /// Gives the key of an SSN.
    pub fn ssn(&self, ssn: &str) -> i64 {
        crypto::quarter(&self.of_row.ssn.mac(&[ssn.as_bytes()]))
    }

    /// Gives the keys of a person on the roster.
    pub fn person(&self, person: &Person) -> Keys {
        let postal = person
            .postal_code
            .as_ref()
            .map(|code| fold::postal(code.expose()));
        let number = person.ssn.as_ref().map(|ssn| ssn.expose().as_str());
        let parts = Parts {
            family: fold::family(person.family_name.expose()),
            given: fold::name(person.given_name.expose()),
            born: person.date_of_birth,
            postal: postal.as_ref().map(|code| code.expose().as_str()),
        };
        Keys {
            ssn: number.map(|ssn| self.ssn(ssn)),
            ..self.keys(&parts, number.map(ssn::last_four))
        }
    }

    /// Gives the keys under which the claimed person would be found.
    pub fn claims(&self, claims: &Claims) -> Keys {
        let parts = Parts {
            family: claims.family.clone(),
            given: claims.given.clone(),
            born: Some(claims.born),
            postal: claims.postal.as_ref().map(|code| code.expose().as_str()),
        };
        let whole = match &claims.ssn {
            Some(ssn::Claimed::Whole(ssn)) => Some(self.ssn(ssn.expose())),
            Some(ssn::Claimed::LastFour(_)) | None => None,
        };
        Keys {
            ssn: whole,
            ..self.keys(&parts, claims.ssn.as_ref().map(ssn::Claimed::last_four))
        }
    }

    /// Gives the keys under which everybody of a family name is found whose given name begins with one of these letters, by a day of
    /// birth or a postal code.
    pub fn bearers(&self, family: &Folded, initial: char, with: With<'_>) -> i64 {
        let name = Zeroizing::new(format!("{} {initial}", family.joined()));
        let (macs, bytes): (&Macs, &[u8]) = match &with {
            With::Born(day) => (&self.of_row.name_dob, &date_bytes(*day)),
            With::Postal(code) => (&self.of_row.name_postal, code.as_bytes()),
        };
        crypto::quarter(&macs.mac(&[name.as_bytes(), bytes]))
    }

    /// Gives the key of the claimed name alone; all claims without a name share one key. Nobody is looked up by it: it is for
    /// throttling, and stays the same while birth date or SSN are guessed.
    pub fn name(&self, claims: &Claims) -> i64 {
        let name = name(&claims.family, &claims.given).unwrap_or_default();
        crypto::mac64(&self.key, "name", &[name.as_bytes()])
    }

    fn keys(&self, parts: &Parts<'_>, last_four: Option<&str>) -> Keys {
        let postal = parts.postal.filter(|code| !code.is_empty());
        let name = name(&parts.family, &parts.given);
        let born = parts.born.map(date_bytes);
        let of_row = &self.of_row;
        let key = |macs: &Macs, a: &[u8], b: &[u8]| crypto::quarter(&macs.mac(&[a, b]));
        Keys {
            ssn: None,
            name_dob: name
                .as_ref()
                .zip(born)
                .map(|(name, born)| key(&of_row.name_dob, name.as_bytes(), &born)),
            name_postal: name
                .as_ref()
                .zip(postal)
                .map(|(name, code)| key(&of_row.name_postal, name.as_bytes(), code.as_bytes())),
            dob_postal: born
                .zip(postal)
                .map(|(born, code)| key(&of_row.dob_postal, &born, code.as_bytes())),
            last4_dob: last_four
                .zip(born)
                .map(|(digits, born)| key(&of_row.last4_dob, digits.as_bytes(), &born)),
        }
    }
}

/// What stands beside a name in a key.
#[derive(Clone, Copy)]
pub enum With<'a> {
    /// The day of birth.
    Born(Date),
    /// The folded postal code.
    Postal(&'a str),
}

/// What keys are made of, folded.
struct Parts<'a> {
    family: Folded,
    given: Folded,
    born: Option<Date>,
    postal: Option<&'a str>,
}

/// Family name and the first letter of the given name: most nicknames and typing errors keep it, the rest are found by
/// another key.
fn name(family: &Folded, given: &Folded) -> Option<Zeroizing<String>> {
    // Somebody with one name has no given name.
    let first = given
        .joined()
        .chars()
        .next()
        .map(String::from)
        .unwrap_or_default();
    (!family.is_empty()).then(|| Zeroizing::new(format!("{} {first}", family.joined())))
}

/// Day and month stand in order of size, so that a swapped pair gives the same key.
fn date_bytes(date: Date) -> [u8; 4] {
    let [high, low] = date.year().to_be_bytes();
    let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
    [high, low, month.min(day), month.max(day)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn indexer(campaign: u128) -> Indexer {
        Indexer::new(
            CampaignId::from_uuid(Uuid::from_u128(campaign)),
            &Key::from_bytes([3; 32]),
        )
    }

    fn person() -> Person {
        Person {
            given_name: "Ada".into(),
            family_name: "O'Neill".into(),
            date_of_birth: Some(date(1961, 3, 12)),
            ssn: Some("666012345".into()),
            postal_code: Some("46802-1234".into()),
            ..Person::default()
        }
    }

    fn claims(ssn: &str) -> Claims {
        Claims {
            given: fold::name("ADA"),
            middle: Folded::default(),
            family: fold::family("oneill"),
            born: date(1961, 12, 3),
            ssn: ssn::parse_claimed(ssn),
            postal: Some(fold::postal("46802")),
        }
    }

    #[test]
    fn a_claim_meets_its_person_also_with_day_and_month_swapped() {
        let keys = indexer(1).person(&person());
        assert_eq!(keys.present().count(), 5);
        assert_eq!(indexer(1).claims(&claims("666-01-2345")), keys);
        assert_eq!(
            indexer(1).claims(&claims("2345")),
            Keys { ssn: None, ..keys }
        );
    }

    #[test]
    fn campaigns_and_kinds_of_keys_do_not_meet() {
        let here: Vec<i64> = indexer(1).person(&person()).present().collect();
        let there: Vec<i64> = indexer(2).person(&person()).present().collect();
        assert!(here.iter().all(|key| !there.contains(key)));
    }

    #[test]
    fn the_key_of_a_name_outlives_guesses_at_the_rest() {
        let guess = Claims {
            given: fold::name("Addie"),
            born: date(1975, 6, 30),
            postal: None,
            ..claims("9999")
        };
        assert_eq!(
            indexer(1).name(&guess),
            indexer(1).name(&claims("666-01-2345"))
        );
        let other = Claims {
            family: fold::family("Neill"),
            ..claims("2345")
        };
        assert_ne!(indexer(1).name(&other), indexer(1).name(&claims("2345")));
    }

    #[test]
    fn what_is_missing_makes_no_key() {
        let bare = Person {
            given_name: "Ada".into(),
            family_name: "Neill".into(),
            ..Person::default()
        };
        assert_eq!(indexer(1).person(&bare), Keys::default());
    }
}
