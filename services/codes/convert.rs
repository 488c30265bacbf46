//! Instants, civil dates and pages, between the contract and this process.

use crate::db::entities::outcome::OutcomeClass;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Fault;
use crate::kernel::paging;
use crate::process::convert;
use crate::wire::google::r#type::Date;

/// The most rows of a page, as the contract says.
const MAX_PAGE: u64 = 500;

/// Reads how many rows a page shall have.
pub fn page_size(wanted: i32) -> Result<u64, Fault> {
    Ok(paging::page_size(wanted)?.min(MAX_PAGE))
}

/// Writes an instant.
pub fn time(at: Option<Timestamp>) -> Option<prost_types::Timestamp> {
    at.map(Timestamp::to_proto)
}

/// Writes a civil date from the text of a column.
pub fn date(text: Option<&str>) -> Option<Date> {
    Some(convert::date(text?.parse().ok()?))
}

/// Gives why a partner does not do what it was asked, as a caller is told it. That an alert stands on a file, or that a number belongs to
/// somebody else, is not for everybody who has the letter.
pub fn told_class(class: Option<OutcomeClass>, is_public: bool) -> Option<OutcomeClass> {
    match class {
        Some(OutcomeClass::VictimAlert | OutcomeClass::SsnMismatch) if is_public => {
            Some(OutcomeClass::Other)
        }
        class => class,
    }
}

/// Gives the year, month and day of a date.
pub fn parts(date: &Date) -> (i32, i32, i32) {
    (date.year, date.month, date.day)
}
