//! What became of an event: recorded, known before, or refused with the field and what to do. Never a value.

use crate::identity::roster::reject::{self, Column};

use super::words::{Cause, Field};

/// Why an event was not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    pub fn way_out(self) -> String {
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
            | Column::Locale => Field::Address,
        };
        let cause = match reject.cause {
            reject::Cause::Missing => Cause::Missing,
            reject::Cause::TooLong => Cause::TooLong,
            reject::Cause::Malformed
            | reject::Cause::UnknownEntity
            | reject::Cause::SsnNeverIssued
            | reject::Cause::SsnOfAnother
            | reject::Cause::RefConflict
            | reject::Cause::ImplausibleDate => Cause::Malformed,
        };
        Self::new(field, cause)
    }
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is recorded.
    Recorded,
    /// It was recorded before and nothing changed.
    KnownBefore,
    /// It is not recorded.
    Refused(Refusal),
}

/// Keeps verdicts for a call that comes again: words only.
pub fn keep(verdicts: &[Verdict]) -> String {
    let words = verdicts.iter().map(|verdict| match verdict {
        Verdict::Recorded => "+".to_owned(),
        Verdict::KnownBefore => "=".to_owned(),
        Verdict::Refused(refusal) => {
            format!("{} {}", refusal.cause.as_str(), refusal.field.as_str())
        }
    });
    words.collect::<Vec<_>>().join(",")
}

/// Reads what [`keep`] made.
pub fn kept(text: &str) -> Option<Vec<Verdict>> {
    let verdict = |word: &str| match word {
        "+" => Some(Verdict::Recorded),
        "=" => Some(Verdict::KnownBefore),
        refused => {
            let (cause, field) = refused.split_once(' ')?;
            let refusal = Refusal::new(Field::parse(field)?, Cause::parse(cause)?);
            Some(Verdict::Refused(refusal))
        }
    };
    text.split(',').map(verdict).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_come_back_as_they_were_kept() {
        let mut verdicts = vec![Verdict::Recorded, Verdict::KnownBefore];
        for field in Field::ALL {
            for cause in Cause::ALL {
                let refusal = Refusal::new(*field, *cause);
                assert!(refusal.way_out().len() > 20);
                verdicts.push(Verdict::Refused(refusal));
            }
        }
        assert_eq!(kept(&keep(&verdicts)), Some(verdicts));
        assert_eq!(kept("+,what"), None);
    }
}
