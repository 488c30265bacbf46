//! A person on the wire to a partner.

use crate::kernel::person::Text;
use crate::wire::google::r#type::Date;
use crate::wire::redress::bureau::v1::Subject;
use crate::wire::redress::r#type::v1::{PersonName, PostalAddress};

use super::decrypt::Enrollee;

/// Gives a person, already fitted to the partner's fields, as the contract has it, with the partner's activation code if there is one.
pub fn subject(enrollee: &Enrollee) -> Subject {
    let person = &enrollee.person;
    let code = enrollee.activation_code.as_ref();
    let line = |at: usize| {
        person
            .address_lines
            .get(at)
            .map(exposed)
            .unwrap_or_default()
    };
    Subject {
        name: Some(PersonName {
            given_name: exposed(&person.given_name),
            middle_name: maybe(person.middle_name.as_ref()),
            family_name: exposed(&person.family_name),
            suffix: maybe(person.suffix.as_ref()),
        }),
        date_of_birth: person.date_of_birth.map(|date| Date {
            year: date.year().into(),
            month: date.month().into(),
            day: date.day().into(),
        }),
        ssn: maybe(person.ssn.as_ref()),
        address: Some(PostalAddress {
            line1: line(0),
            line2: line(1),
            city: maybe(person.city.as_ref()),
            region: maybe(person.region.as_ref()),
            postal_code: maybe(person.postal_code.as_ref()),
            country: maybe(person.country.as_ref()),
        }),
        email: maybe(person.email.as_ref()),
        phone: maybe(person.phone.as_ref()),
        activation_code: code
            .map(|code| code.expose().to_owned())
            .unwrap_or_default(),
    }
}

fn exposed(text: &Text) -> String {
    text.expose().clone()
}

fn maybe(text: Option<&Text>) -> String {
    text.map(exposed).unwrap_or_default()
}
