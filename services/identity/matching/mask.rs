//! Masks: enough to recognise, not enough to use.
//!
//! Stars are a constant number, so that a mask does not tell lengths.

use crate::db::entities::confirmation_code::Channel;
use crate::kernel::ids::{ContactId, IndividualId};
use crate::kernel::person::Person;

use super::blind::Indexer;
use super::contact::{Contact, Kind};

/// Masks a person's name: `J*** S***`; `M***` where there is only one.
pub fn mask_name(person: &Person) -> String {
    let family = initial(person.family_name.expose());
    match person.given_name.expose().as_str() {
        "" => family,
        given => format!("{} {family}", initial(given)),
    }
}

/// A contact as callers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskedContact {
    /// Names the contact.
    pub id: ContactId,
    /// How it is reached if nobody says otherwise.
    pub channel: Channel,
    /// What it is in words, masked.
    pub masked: String,
}

/// Masks contacts on record.
pub fn mask_contacts(
    contacts: Vec<Contact<'_>>,
    indexer: &Indexer,
    individual: IndividualId,
) -> Vec<MaskedContact> {
    let masked = |contact: Contact<'_>| MaskedContact {
        id: indexer.contact_id(&contact, individual),
        channel: contact.kind.channel(),
        masked: mask_contact(&contact),
    };
    contacts.into_iter().map(masked).collect()
}

fn mask_contact(contact: &Contact<'_>) -> String {
    let value = contact.value.expose();
    match contact.kind {
        Kind::Email => format!("e-mail {}", mask_email(value)),
        Kind::Phone => format!("telephone {}", mask_phone(value)),
    }
}

fn initial(name: &str) -> String {
    name.chars()
        .next()
        .map_or_else(|| "***".to_owned(), |first| format!("{first}***"))
}

/// `ada@example.org` is shown as `a***@e***.org`.
fn mask_email(email: &str) -> String {
    let (local, domain) = email.split_once('@').unwrap_or((email, ""));
    let top = domain.rsplit_once('.').map_or("", |(_, top)| top);
    format!("{}@{}.{top}", initial(local), initial(domain))
}

/// Only the last two digits are shown.
fn mask_phone(phone: &str) -> String {
    let last: String = phone
        .chars()
        .skip(phone.chars().count().saturating_sub(2))
        .collect();
    format!("***-***-**{last}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::matching::contact;

    #[test]
    fn masks_show_first_letters_and_last_digits() {
        let person = Person {
            given_name: "Ada".into(),
            family_name: "Ömer".into(),
            email: Some("ada@example.org".into()),
            phone: Some("+12605550142".into()),
            ..Person::default()
        };
        assert_eq!(mask_name(&person), "A*** Ö***");
        let alone = Person {
            family_name: "Madonna".into(),
            ..Person::default()
        };
        assert_eq!(mask_name(&alone), "M***");
        let shown: Vec<String> = contact::contacts(&person)
            .map(|one| mask_contact(&one))
            .collect();
        assert_eq!(shown, ["e-mail a***@e***.org", "telephone ***-***-**42"]);
    }
}
