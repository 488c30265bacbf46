//! One affected person's data, as it is used in memory. How it lies in the database: [`super::person_sealer`].

use std::fmt;

use jiff::civil::Date;

use super::language::Language;
use super::secrets::Secret;

/// A text about a person.
pub type Text = Secret<String>;

/// What is known about one individual. Its `Debug` tells nothing.
#[derive(Clone, Default)]
pub struct Person {
    /// The given name as the roster has it.
    pub given_name: Text,
    /// Middle names or initials.
    pub middle_name: Option<Text>,
    /// The family name as the roster has it.
    pub family_name: Text,
    /// Jr., III and the like.
    pub suffix: Option<Text>,
    /// The date of birth.
    pub date_of_birth: Option<Date>,
    /// Nine digits, no dashes.
    pub ssn: Option<Text>,
    /// Street lines of the address on record.
    pub address_lines: Vec<Text>,
    /// The city.
    pub city: Option<Text>,
    /// The state or region.
    pub region: Option<Text>,
    /// The postal code.
    pub postal_code: Option<Text>,
    /// The ISO 3166 country code.
    pub country: Option<Text>,
    /// The first telephone number on record.
    pub phone: Option<Text>,
    /// The first e-mail address on record.
    pub email: Option<Text>,
    /// Further telephone numbers on record.
    pub other_phones: Vec<Text>,
    /// Further e-mail addresses on record.
    pub other_emails: Vec<Text>,
    /// The language of letters to the person, if one is known.
    pub language: Option<Language>,
    /// Names that the person had before, as they were given.
    pub prior_names: Vec<Text>,
    /// Addresses that the person had before, as they were given.
    pub prior_addresses: Vec<Text>,
    /// What of the person was exposed, as it was given.
    pub data_elements: Vec<Text>,
    /// Whether the person asked to be written to elsewhere or otherwise (45 CFR 164.522(b)).
    pub confidential: bool,
}

impl Person {
    /// Gives every telephone number on record.
    pub fn phones(&self) -> impl Iterator<Item = &Text> {
        self.phone.iter().chain(&self.other_phones)
    }

    /// Gives every e-mail address on record.
    pub fn emails(&self) -> impl Iterator<Item = &Text> {
        self.email.iter().chain(&self.other_emails)
    }

    /// Puts what a person mended or chose over the record. A name and an address are replaced as a whole, and
    /// earlier ones are added to; further contacts, data elements and `confidential` stay the record's.
    pub fn overlay(&mut self, over: Self) {
        if !over.family_name.expose().is_empty() {
            self.given_name = over.given_name;
            self.middle_name = over.middle_name;
            self.family_name = over.family_name;
            self.suffix = over.suffix;
        }
        if !over.address_lines.is_empty() {
            self.address_lines = over.address_lines;
            self.city = over.city;
            self.region = over.region;
            self.postal_code = over.postal_code;
            self.country = over.country;
        }
        self.date_of_birth = over.date_of_birth.or(self.date_of_birth);
        self.ssn = over.ssn.or(self.ssn.take());
        self.phone = over.phone.or(self.phone.take());
        self.email = over.email.or(self.email.take());
        self.language = over.language.or(self.language.take());
        for (ours, theirs) in [
            (&mut self.prior_names, over.prior_names),
            (&mut self.prior_addresses, over.prior_addresses),
        ] {
            for text in theirs {
                if !ours.iter().any(|known| known.expose() == text.expose()) {
                    ours.push(text);
                }
            }
        }
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Person([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_mended_stands_over_the_record() {
        let mut person = Person {
            given_name: "Ada".into(),
            family_name: "Lovelace".into(),
            ssn: Some("666120001".into()),
            address_lines: vec!["12 St. James's Sq".into(), "Apt 3".into()],
            city: Some("Fort Wayne".into()),
            ..Person::default()
        };
        person.overlay(Person {
            family_name: "King".into(),
            given_name: "Augusta".into(),
            prior_names: vec!["Ada Byron".into()],
            email: Some("own@example.org".into()),
            ..Person::default()
        });
        assert_eq!(person.given_name.expose(), "Augusta");
        assert_eq!(person.email.as_ref().unwrap().expose(), "own@example.org");
        assert_eq!(person.address_lines.len(), 2);
        assert!(person.ssn.is_some() && person.prior_names.len() == 1);
        person.overlay(Person {
            address_lines: vec!["1 Elm St".into()],
            prior_names: vec!["Ada Byron".into()],
            ..Person::default()
        });
        assert_eq!(
            (person.address_lines.len(), person.prior_names.len()),
            (1, 1)
        );
        assert!(person.city.is_none(), "an address is replaced as a whole");
    }

    #[test]
    fn debug_tells_nothing() {
        let ada = Person {
            given_name: "Ada".into(),
            ..Person::default()
        };
        assert_eq!(format!("{ada:?}"), "Person([redacted])");
    }
}
