//! What became of an event: recorded, known before, or refused with the field and what to do. It never holds a value.

use serde::{Deserialize, Serialize};

use crate::identity::roster::reject::{self, Column};

/// A field of an event, by its path.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, strum::EnumIter, strum::IntoStaticStr, Serialize, Deserialize,
)]
pub enum Field {
    /// Who.
    #[strum(serialize = "individual_id")]
    IndividualId,
    /// What.
    #[strum(serialize = "kind")]
    Kind,
    /// When.
    #[strum(serialize = "event_date")]
    EventDate,
    /// Why it came back.
    #[strum(serialize = "return_reason")]
    ReturnReason,
    /// Who knew.
    #[strum(serialize = "address_source")]
    AddressSource,
    /// Where to.
    #[strum(serialize = "address")]
    Address,
    /// The first delivery line.
    #[strum(serialize = "address.line1")]
    Line1,
    /// The second delivery line.
    #[strum(serialize = "address.line2")]
    Line2,
    /// The city.
    #[strum(serialize = "address.city")]
    City,
    /// The state.
    #[strum(serialize = "address.region")]
    Region,
    /// The postal code.
    #[strum(serialize = "address.postal_code")]
    PostalCode,
    /// The country.
    #[strum(serialize = "address.country")]
    Country,
    /// Which letter.
    #[strum(serialize = "generation")]
    Generation,
}

impl Field {
    /// Gives the path.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What is wrong with a field of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumIter, Serialize, Deserialize)]
pub enum Cause {
    /// It is needed and not there.
    Missing,
    /// It cannot be read.
    Malformed,
    /// It is longer than it may be.
    TooLong,
    /// It does not belong to this kind of event.
    NotExpected,
    /// Nobody on the campaign's roster.
    UnknownIndividual,
    /// The person's data was destroyed.
    IndividualErased,
    /// It has not happened yet.
    DateInFuture,
    /// Before the breach was discovered there was no letter.
    DateBeforeDiscovery,
    /// Nobody can write to it.
    AddressUndeliverable,
    /// Something else was recorded of this kind, day and person.
    RecordedOtherwise,
    /// The person never had a letter of this number.
    UnknownLetter,
}

/// Why an event was not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The field at fault.
    pub field: Field,
    /// What is wrong with it.
    pub cause: Cause,
}

impl Refusal {
    /// Names a field and what is wrong with it.
    pub const fn new(field: Field, cause: Cause) -> Self {
        Self { field, cause }
    }

    /// Says in plain words what to do.
    pub fn help(self) -> String {
        let field = self.field.as_str();
        match self.cause {
            Cause::Missing => format!("fill in {field}; this kind of event needs it"),
            Cause::Malformed => format!("write {field} as {}", form(self.field)),
            Cause::TooLong => format!("shorten {field}; it is longer than a roster takes"),
            Cause::NotExpected => format!("leave {field} empty; this kind of event has none"),
            Cause::UnknownIndividual => {
                "take the id from the print file of this campaign; nobody here has this one".to_owned()
            }
            Cause::IndividualErased => {
                "leave the event out; the personal data of this individual has been destroyed".to_owned()
            }
            Cause::DateInFuture => "check the date; that day has not come yet".to_owned(),
            Cause::DateBeforeDiscovery => {
                "check the date; there was no letter before the breach was discovered".to_owned()
            }
            Cause::AddressUndeliverable => {
                "give an address with street, city, state and ZIP, or abroad with street, city and country".to_owned()
            }
            Cause::RecordedOtherwise => {
                "compare with the individual's history: this kind of event is recorded for this day with other details"
                    .to_owned()
            }
            Cause::UnknownLetter => {
                "take generation from the line of the print file, or leave it empty; this individual had no such letter".to_owned()
            }
        }
    }
}

fn form(field: Field) -> &'static str {
    match field {
        Field::IndividualId => "the UUID that the print file has",
        Field::Kind => "MAILED, RETURNED, ADDRESS_CORRECTED or REMAILED",
        Field::EventDate => "a whole date with year, month and day",
        Field::ReturnReason | Field::AddressSource => "one of the words that there are",
        Field::PostalCode => "12345 or 12345-6789, or name the country it belongs to",
        Field::Country => "two letters of ISO 3166-1, such as US",
        Field::Generation => "the number that the print file has, such as 1",
        Field::Address | Field::Line1 | Field::Line2 | Field::City | Field::Region => {
            "plain text without control characters"
        }
    }
}

impl From<reject::Reject> for Refusal {
    /// Takes over what the rules of a roster row say about the columns of an address.
    fn from(reject: reject::Reject) -> Self {
        let field = match reject.column {
            Column::AddressLine1 => Field::Line1,
            Column::AddressLine2 => Field::Line2,
            Column::City => Field::City,
            Column::Region => Field::Region,
            Column::PostalCode => Field::PostalCode,
            Column::Country => Field::Country,
            Column::ExternalRef
            | Column::CoveredEntity
            | Column::GivenName
            | Column::MiddleName
            | Column::FamilyName
            | Column::Suffix
            | Column::DateOfBirth
            | Column::Ssn
            | Column::Phone
            | Column::Email
            | Column::Population
            | Column::Language
            | Column::DataElements
            | Column::PriorNames
            | Column::PriorAddresses
            | Column::ConfidentialCommunication => Field::Address,
        };
        let cause = match reject.cause {
            reject::Cause::Missing => Cause::Missing,
            reject::Cause::TooLong => Cause::TooLong,
            reject::Cause::Malformed
            | reject::Cause::UnknownEntity
            | reject::Cause::SsnNeverIssued
            | reject::Cause::RefConflict
            | reject::Cause::ImplausibleDate
            | reject::Cause::DigitsLost
            | reject::Cause::UnknownRegion
            | reject::Cause::UnknownCountry
            | reject::Cause::NoValue => Cause::Malformed,
        };
        Self::new(field, cause)
    }
}

/// What became of an event. It is stored, as JSON, to answer a repeated call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It is recorded.
    Recorded,
    /// It was recorded before and nothing changed.
    KnownBefore,
    /// It is not recorded.
    Refused(Refusal),
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    #[test]
    fn verdicts_come_back_as_they_were_kept() {
        let mut verdicts = vec![Verdict::Recorded, Verdict::KnownBefore];
        for field in Field::iter() {
            for cause in Cause::iter() {
                let refusal = Refusal::new(field, cause);
                assert!(refusal.help().len() > 20);
                verdicts.push(Verdict::Refused(refusal));
            }
        }
        let kept = serde_json::to_string(&verdicts).unwrap();
        assert_eq!(
            serde_json::from_str::<Vec<Verdict>>(&kept).unwrap(),
            verdicts
        );
        assert!(serde_json::from_str::<Vec<Verdict>>("[\"what\"]").is_err());
    }
}
