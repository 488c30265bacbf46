//! Masks: enough to recognise, not enough to use.
//!
//! Stars are a constant number, so that a mask does not tell lengths.

use strum::IntoEnumIterator;

use crate::db::entities::confirmation_code::Channel;
use crate::kernel::person::Person;

/// Masks a person's name: `J*** S***`.
pub fn mask_name(person: &Person) -> String {
    format!(
        "{} {}",
        initial(person.given_name.expose()),
        initial(person.family_name.expose())
    )
}

/// Masks the contact of a channel, with its kind in words; nothing if it is not on record.
pub fn mask_contact(channel: Channel, person: &Person) -> Option<String> {
    let contact = channel.contact(person)?.expose();
    Some(match channel {
        Channel::Email => format!("e-mail {}", mask_email(contact)),
        Channel::Sms => format!("text to {}", mask_phone(contact)),
        Channel::Voice => format!("call to {}", mask_phone(contact)),
    })
}

/// Masks the contacts on record, by channel.
pub fn mask_contacts(person: &Person) -> Vec<(Channel, String)> {
    Channel::iter()
        .filter_map(|channel| Some((channel, mask_contact(channel, person)?)))
        .collect()
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
        assert_eq!(
            mask_contact(Channel::Email, &person).unwrap(),
            "e-mail a***@e***.org"
        );
        assert_eq!(
            mask_contact(Channel::Sms, &person).unwrap(),
            "text to ***-***-**42"
        );
        assert_eq!(
            mask_contact(Channel::Voice, &person).unwrap(),
            "call to ***-***-**42"
        );
        assert_eq!(mask_contact(Channel::Email, &Person::default()), None);
    }
}
