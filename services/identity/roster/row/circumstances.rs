//! The columns of a row that say how somebody is to be written to, and what happened to them.

use crate::db::entities::individual::Population;
use crate::identity::roster::raw::RawColumns;
use crate::identity::roster::reject::{Cause, Column};
use crate::kernel::language::Language;
use crate::kernel::person::Person;

use super::reading::Reading;

/// Reads language, lists and wishes into a person.
pub fn read(reading: &mut Reading, person: &mut Person, raw: &RawColumns) {
    person.language = language(reading, &raw.language);
    person.data_elements = reading.list(Column::DataElements, raw.data_elements.expose());
    person.prior_names = reading.list(Column::PriorNames, raw.prior_names.expose());
    person.prior_addresses = reading.list(Column::PriorAddresses, raw.prior_addresses.expose());
    person.confidential = is_yes(reading, &raw.confidential);
}

/// Reads the population; nothing where none is given.
pub fn population(reading: &mut Reading, raw: &str) -> Option<Population> {
    let text = reading.cell(Column::Population, raw)?;
    let known = match text.to_lowercase().as_str() {
        "adult" | "a" => Some(Population::Adult),
        "minor" | "m" | "child" | "juvenile" => Some(Population::Minor),
        "deceased" | "d" | "dead" | "died" | "estate" => Some(Population::Deceased),
        _ => None,
    };
    if known.is_none() {
        reading.leave_out(Column::Population, Cause::Malformed);
    }
    known
}

/// Reads a language: a tag, or English and Spanish by name.
pub fn language(reading: &mut Reading, raw: &str) -> Option<Language> {
    let text = reading.cell(Column::Language, raw)?;
    let tag = match text.to_lowercase().as_str() {
        "english" | "eng" | "inglés" | "ingles" => "en",
        "spanish" | "spa" | "español" | "espanol" => "es",
        _ => text.as_str(),
    };
    let known = tag.parse().ok();
    if known.is_none() {
        reading.leave_out(Column::Language, Cause::Malformed);
    }
    known
}

fn is_yes(reading: &mut Reading, raw: &str) -> bool {
    let column = Column::ConfidentialCommunication;
    let Some(text) = reading.cell(column, raw) else {
        return false;
    };
    match text.to_lowercase().as_str() {
        "yes" | "y" | "true" | "t" | "1" | "x" => true,
        "no" | "n" | "false" | "f" | "0" => false,
        _ => {
            reading.leave_out(column, Cause::Malformed);
            false
        }
    }
}
