//! Blind indexes: keyed hashes by which a person is found without the values being there.
//!
//! Every key is 64 bits of HMAC-SHA-256 under the index key, with the campaign in it: equal people of two campaigns do not
//! show. With four million people two strangers share a 64-bit key once in two million campaigns, and a hit is compared with
//! the opened record anyway.

use jiff::civil::Date;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::kernel::crypto::{self, Key, Macs};
use crate::kernel::ids::{CampaignId, ContactId, CoveredEntityId, IndividualId};
use crate::kernel::person::{Person, Text};

use super::compare::Claims;
use super::contact::{self, Contact, Kind};
use super::fold::{self, Folded};
use super::keys::{KeyOf, Keys};
use super::ssn;

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
    /// In the order of the columns.
    keys: [Macs; KeyOf::ALL.len()],
}

impl OfRow {
    fn new(key: &Key) -> Self {
        let macs = |domain| Macs::new(key, domain);
        Self {
            reference: macs("ref"),
            row: macs("row"),
            keys: KeyOf::ALL.map(|of| macs(of.column())),
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
        self.key(KeyOf::Ssn, &[ssn.as_bytes()])
    }

    /// Gives the key of a contact.
    pub fn contact(&self, kind: Kind, value: &Text) -> i64 {
        self.key(kind.key_of(), &[value.expose().as_bytes()])
    }

    /// Gives the id by which callers name a contact: the same for one individual as long as the contact is on record.
    pub fn contact_id(&self, contact: &Contact<'_>, individual: IndividualId) -> ContactId {
        let kind: &[u8] = match contact.kind {
            Kind::Email => b"email",
            Kind::Phone => b"phone",
        };
        let value = contact.value.expose().as_bytes();
        let parts = [individual.as_bytes(), kind, value];
        ContactId::from_uuid(crypto::half(&self.secret("contact", &parts)))
    }

    /// Gives the keys of a person on the roster.
    pub fn person(&self, person: &Person) -> Keys {
        self.person_called(person, &fold::family(person.family_name.expose()))
    }

    /// Gives the keys of a person under each family name from before.
    pub fn formerly(&self, person: &Person) -> impl Iterator<Item = Keys> {
        fold::former_families(person).map(|family| self.person_called(person, &family))
    }

    fn person_called(&self, person: &Person, family: &Folded) -> Keys {
        let postal = person
            .postal_code
            .as_ref()
            .map(|code| fold::postal(code.expose()));
        let number = person.ssn.as_ref().map(|ssn| ssn.expose().as_str());
        let first = |kind| contact::contacts(person).find(|contact| contact.kind == kind);
        self.keys(&Parts {
            family,
            given: &fold::name(person.given_name.expose()),
            born: person.date_of_birth,
            postal: postal.as_ref().map(|code| code.expose().as_str()),
            number,
            last_four: number.map(ssn::last_four),
            phone: first(Kind::Phone).map(|contact| contact.value),
            email: first(Kind::Email).map(|contact| contact.value),
        })
    }

    /// Gives the keys under which the claimed person would be found.
    pub fn claims(&self, claims: &Claims) -> Keys {
        let whole = match &claims.ssn {
            Some(ssn::Claimed::Whole(ssn)) => Some(ssn.expose().as_str()),
            Some(ssn::Claimed::LastFour(_)) | None => None,
        };
        self.keys(&Parts {
            family: &claims.family,
            given: &claims.given,
            born: Some(claims.born),
            postal: claims.postal.as_ref().map(|code| code.expose().as_str()),
            number: whole,
            last_four: claims.ssn.as_ref().map(ssn::Claimed::last_four),
            phone: None,
            email: None,
        })
    }

    /// Gives the keys under which everybody of a family name is found whose given name begins with one of these letters, by a day of
    /// birth or a postal code.
    pub fn bearers(&self, family: &Folded, initial: char, with: With<'_>) -> i64 {
        let name = Zeroizing::new(format!("{} {initial}", family.joined()));
        let (of, bytes): (KeyOf, &[u8]) = match &with {
            With::Born(day) => (KeyOf::NameDob, &date_bytes(*day)),
            With::Postal(code) => (KeyOf::NamePostal, code.as_bytes()),
        };
        self.key(of, &[name.as_bytes(), bytes])
    }

    /// Gives the key of the claimed name alone; all claims without a name share one key. Nobody is looked up by it: it is for
    /// throttling, and stays the same while birth date or SSN are guessed.
    pub fn name(&self, claims: &Claims) -> i64 {
        let name = name(&claims.family, &claims.given).unwrap_or_default();
        crypto::mac64(&self.key, "name", &[name.as_bytes()])
    }

    fn key(&self, of: KeyOf, parts: &[&[u8]]) -> i64 {
        crypto::quarter(&self.of_row.keys[of as usize].mac(parts))
    }

    fn keys(&self, parts: &Parts<'_>) -> Keys {
        let name = name(parts.family, parts.given);
        let name = name.as_ref().map(|name| name.as_bytes());
        let family = Some(parts.family.joined()).filter(|name| !name.is_empty());
        let given = Some(parts.given.first()).filter(|name| !name.is_empty());
        let [family, given] = [family, given].map(|name| name.map(str::as_bytes));
        let born = parts.born.map(date_bytes);
        let born = born.as_ref().map(<[u8; 4]>::as_slice);
        let postal = parts.postal.filter(|code| !code.is_empty());
        let [postal, last_four] = [postal, parts.last_four].map(|text| text.map(str::as_bytes));
        let alone = |of, value: Option<&[u8]>| value.map(|value| self.key(of, &[value]));
        let pair =
            |of, a: Option<&[u8]>, b: Option<&[u8]>| a.zip(b).map(|(a, b)| self.key(of, &[a, b]));
        Keys::of(|of| match of {
            KeyOf::Ssn => alone(of, parts.number.map(str::as_bytes)),
            KeyOf::NameDob => pair(of, name, born),
            KeyOf::NamePostal => pair(of, name, postal),
            KeyOf::DobPostal => pair(of, born, postal),
            KeyOf::Last4Dob => pair(of, last_four, born),
            KeyOf::GivenDob => pair(of, given, born),
            KeyOf::Last4Family => pair(of, last_four, family),
            KeyOf::Last4Given => pair(of, last_four, given),
            KeyOf::Last4Postal => pair(of, last_four, postal),
            KeyOf::Phone => alone(of, parts.phone.map(|value| value.expose().as_bytes())),
            KeyOf::Email => alone(of, parts.email.map(|value| value.expose().as_bytes())),
        })
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
    family: &'a Folded,
    given: &'a Folded,
    born: Option<Date>,
    postal: Option<&'a str>,
    /// The nine digits.
    number: Option<&'a str>,
    last_four: Option<&'a str>,
    phone: Option<&'a Text>,
    email: Option<&'a Text>,
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
mod tests;
