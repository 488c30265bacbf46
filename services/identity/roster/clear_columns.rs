//! The columns of a person that are stored in the clear, beside the sealed record.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::db::entities::individual::DataElement;
use crate::identity::matching::{address, contact};
use crate::kernel::person::Person;

/// What is stored of a person in the clear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClearColumns {
    /// Region of the address, empty where there is none.
    pub region: String,
    /// Country of the address.
    pub country: String,
    /// Whether a letter can be sent by the address alone.
    pub mailable: bool,
    /// Whether there is an e-mail address or a telephone number that can be somebody's.
    pub has_contact: bool,
    /// Language of letters; empty if no row has one.
    pub language: String,
    /// Whether the person asked to be written to elsewhere or otherwise.
    pub confidential: bool,
    /// JSON: the words of what was exposed, sorted.
    pub data_elements: String,
}

impl ClearColumns {
    /// Takes it from a person.
    pub fn of(person: &Person) -> Self {
        let text = |text: &Option<_>, otherwise: &str| {
            text.as_ref()
                .map_or(otherwise, |text: &crate::kernel::person::Text| {
                    text.expose()
                })
                .to_owned()
        };
        let language = person.language.as_ref();
        Self {
            region: text(&person.region, ""),
            country: text(&person.country, "US"),
            mailable: address::is_mailable(person),
            has_contact: contact::contacts(person).next().is_some(),
            language: language.map_or_else(String::new, |tag| tag.as_str().to_owned()),
            confidential: person.confidential,
            data_elements: data_elements(person),
        }
    }
}

fn data_elements(person: &Person) -> String {
    let words = person.data_elements.iter();
    let words: BTreeSet<DataElement> = words
        .map(|text| DataElement::parse(text.expose()))
        .collect();
    serde_json::to_string(&words).expect("words serialize")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_exposed_is_a_set_of_words() {
        let person = |texts: &[&str]| Person {
            data_elements: texts.iter().map(|text| (*text).into()).collect(),
            ..Person::default()
        };
        assert_eq!(ClearColumns::of(&person(&[])).data_elements, "[]");
        let texts = [
            "ssn",
            "Driver's license",
            "date-of-birth",
            "SSN",
            "tattoos",
            "Health Insurance",
        ];
        assert_eq!(
            ClearColumns::of(&person(&texts)).data_elements,
            r#"["DATE_OF_BIRTH","SSN","HEALTH_INSURANCE","DRIVERS_LICENSE","OTHER"]"#
        );
    }
}
