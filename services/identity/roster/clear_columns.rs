//! The columns of a person that are stored in the clear, beside the sealed record.

use serde::Serialize;

use crate::identity::matching::address;
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
    /// Whether there is an e-mail address or a telephone number.
    pub has_contact: bool,
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
        Self {
            region: text(&person.region, ""),
            country: text(&person.country, "US"),
            mailable: address::is_mailable(person),
            has_contact: person.email.is_some() || person.phone.is_some(),
        }
    }
}
