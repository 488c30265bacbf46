//! One row of a roster file: parsed once, judged by itself.
//!
//! What needs the rest of the roster (the same reference, the same SSN) is judged in [`super::write`].

mod cell;
mod circumstances;
mod contacts;
mod name;
mod place;
mod reading;

use std::collections::HashMap;

use jiff::civil::Date;

use crate::db::entities::individual::Population;
use crate::identity::matching::{address, date};
use crate::kernel::dates::{self, DateOrder};
use crate::kernel::ids::CoveredEntityId;
use crate::kernel::person::Person;
use crate::kernel::secrets::Secret;

use super::reject::{Cause, Column, Reject};
use super::warning::{Warning, What};
use reading::Reading;

pub use super::raw::{RawColumns, RawRow};

/// A row that is taken.
#[derive(Clone, Debug)]
pub struct Row {
    /// The covered entity.
    pub entity: CoveredEntityId,
    /// Its reference of the person.
    pub reference: Secret<String>,
    /// The person.
    pub person: Person,
    /// The population column; nothing if it is empty.
    pub stated: Option<Population>,
    /// Which rules apply, by what is stated or by the birth date.
    pub population: Population,
    /// What there is to say about its cells.
    pub warnings: Vec<Warning>,
}

/// What a row is judged against.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The campaign's covered entities by key.
    pub entities: HashMap<String, CoveredEntityId>,
    /// The day of the import, in UTC.
    pub today: Date,
    /// Whether SSN area 666 passes.
    pub sandbox_ssn: bool,
    /// Which part of a date comes first in the file.
    pub date_order: DateOrder,
}

/// Parses a row. It is refused only where it does not say who is meant: a letter is owed whatever else is wrong.
pub fn parse_row(raw: &RawColumns, rules: &Rules) -> Result<Row, Reject> {
    let mut reading = Reading::default();
    let reference = reference(raw.external_ref.expose())?;
    let entity = entity(&raw.covered_entity, rules)?;
    let mut person = Person::default();
    name::read(&mut reading, &mut person, raw)?;
    person.date_of_birth =
        reading.birth_date(raw.date_of_birth.expose(), rules.date_order, rules.today);
    person.ssn = reading.ssn(raw.ssn.expose(), rules.sandbox_ssn);
    place::read(&mut reading, &mut person, raw);
    contacts::read(&mut reading, &mut person, raw);
    let stated = circumstances::population(&mut reading, &raw.population);
    circumstances::read(&mut reading, &mut person, raw);
    let is_minor = person
        .date_of_birth
        .is_some_and(|born| date::is_minor(born, rules.today));
    let by_age = if is_minor {
        Population::Minor
    } else {
        Population::Adult
    };
    let mut warnings = reading.warnings;
    if !address::is_mailable(&person) {
        warnings.push(Warning {
            column: Column::AddressLine1,
            what: What::Undeliverable,
        });
    }
    Ok(Row {
        entity,
        reference,
        person,
        stated,
        population: stated.unwrap_or(by_age),
        warnings,
    })
}

/// Parses the columns that somebody mends or chooses; none of them is required, and none is guessed at. A name is given as a whole
/// or not at all.
pub fn parse_correction(raw: &RawColumns, today: Date, sandbox: bool) -> Result<Person, Reject> {
    let mut reading = Reading::default();
    let mut person = Person::default();
    let parts = [
        &raw.given_name,
        &raw.middle_name,
        &raw.family_name,
        &raw.suffix,
    ];
    if parts.iter().any(|part| !part.expose().trim().is_empty()) {
        let named = name::read(&mut reading, &mut person, raw);
        named.map_err(|reject| Reject::new(Column::FamilyName, reject.cause))?;
    }
    person.date_of_birth =
        reading.birth_date(raw.date_of_birth.expose(), DateOrder::MonthFirst, today);
    person.ssn = reading.ssn(raw.ssn.expose(), sandbox);
    contacts::read(&mut reading, &mut person, raw);
    person.language = circumstances::language(&mut reading, &raw.language);
    reading.strictly()?;
    Ok(person)
}

/// Parses the columns of an address into a person of whom nothing else is known. A cell that cannot be read is an error.
pub fn parse_address(raw: &RawColumns) -> Result<Person, Reject> {
    let mut reading = Reading::default();
    let mut nobody = Person::default();
    place::read(&mut reading, &mut nobody, raw);
    reading.strictly()?;
    Ok(nobody)
}

/// Reads the reference. Without it nobody can tell whether a row that comes again is the same person, corrected.
fn reference(raw: &str) -> Result<Secret<String>, Reject> {
    const COLUMN: Column = Column::ExternalRef;
    let mut reading = Reading::default();
    let text = reading.text(COLUMN, raw);
    reading.strictly()?;
    let text = text.ok_or(Reject::new(COLUMN, Cause::Missing))?;
    if dates::is_scientific(text.expose()) {
        return Err(Reject::new(COLUMN, Cause::DigitsLost));
    }
    Ok(text)
}

fn entity(key: &str, rules: &Rules) -> Result<CoveredEntityId, Reject> {
    let column = Column::CoveredEntity;
    let key = Reading::default().cell(column, key);
    let key = key.ok_or(Reject::new(column, Cause::Missing))?;
    let entities = &rules.entities;
    let known = entities
        .get(key.as_str())
        .or_else(|| entities.get(&key.to_lowercase()));
    known
        .copied()
        .ok_or(Reject::new(column, Cause::UnknownEntity))
}

#[cfg(test)]
mod tests;
