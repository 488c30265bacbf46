//! One row of a roster file: parsed once, judged by itself.
//!
//! What needs the rest of the roster (the same reference, the same SSN) is judged in [`super::write`].

use std::collections::HashMap;

use jiff::civil::Date;

use crate::db::entities::individual::Population;
use crate::identity::matching::{address, contact, date, fold, ssn};
use crate::kernel::ids::CoveredEntityId;
use crate::kernel::language::Language;
use crate::kernel::person::{Person, Text};
use crate::kernel::secrets::Secret;

use super::merge;
use super::reject::{Cause, Column, Reject};

/// The texts of a row as they are in the file. Its `Debug` shows nothing.
#[derive(Clone, Default)]
pub struct RawRow {
    /// Line in the file.
    pub line: i64,
    /// The columns; missing ones are empty.
    pub columns: RawColumns,
}

/// The columns of a row as they are in the file.
#[derive(Clone, Default)]
pub struct RawColumns {
    /// The covered entity's own reference.
    pub external_ref: Secret<String>,
    /// The covered entity's key.
    pub covered_entity: String,
    /// The given name.
    pub given_name: Secret<String>,
    /// Middle names.
    pub middle_name: Secret<String>,
    /// The family name.
    pub family_name: Secret<String>,
    /// The suffix.
    pub suffix: Secret<String>,
    /// The birth date.
    pub date_of_birth: Secret<String>,
    /// The SSN.
    pub ssn: Secret<String>,
    /// The first delivery line.
    pub address_line1: Secret<String>,
    /// The second delivery line.
    pub address_line2: Secret<String>,
    /// The city.
    pub city: Secret<String>,
    /// The region.
    pub region: Secret<String>,
    /// The postal code.
    pub postal_code: Secret<String>,
    /// The country.
    pub country: Secret<String>,
    /// The telephone number.
    pub phone: Secret<String>,
    /// The e-mail address.
    pub email: Secret<String>,
    /// The population.
    pub population: String,
    /// The language.
    pub language: String,
    /// What was exposed: a list.
    pub data_elements: Secret<String>,
    /// Names from before: a list.
    pub prior_names: Secret<String>,
    /// Addresses from before: a list.
    pub prior_addresses: Secret<String>,
    /// Whether the person asked to be written to elsewhere or otherwise.
    pub confidential: String,
}

impl std::fmt::Debug for RawRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawRow")
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

/// A row that is valid by itself.
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
}

/// Parses a row. The first column that is wrong, in the file's order, is named.
pub fn parse_row(raw: &RawColumns, rules: &Rules) -> Result<Row, Reject> {
    let reference = required(Column::ExternalRef, raw.external_ref.expose())?;
    let entity = entity(&raw.covered_entity, rules)?;
    let given_name = name(Column::GivenName, raw.given_name.expose())?;
    let middle_name = text(Column::MiddleName, raw.middle_name.expose())?;
    let family_name = name(Column::FamilyName, raw.family_name.expose())?;
    let suffix = text(Column::Suffix, raw.suffix.expose())?;
    let date_of_birth = birth_date(raw.date_of_birth.expose(), rules.today)?;
    let ssn = number(raw.ssn.expose(), rules.sandbox_ssn)?;
    let mut person = Person {
        given_name,
        middle_name,
        family_name,
        suffix,
        date_of_birth,
        ssn,
        ..Person::default()
    };
    add_address(&mut person, raw)?;
    add_contacts(&mut person, raw)?;
    let stated = stated(&raw.population)?;
    add_circumstances(&mut person, raw)?;
    let is_minor = date_of_birth.is_some_and(|born| date::is_minor(born, rules.today));
    let by_age = if is_minor {
        Population::Minor
    } else {
        Population::Adult
    };
    let population = stated.unwrap_or(by_age);
    Ok(Row {
        entity,
        reference,
        person,
        stated,
        population,
    })
}

/// Parses the columns that somebody mends or chooses, under the rules of a row; none of them is required. A name is given as a whole
/// or not at all.
pub fn parse_correction(raw: &RawColumns, today: Date, sandbox: bool) -> Result<Person, Reject> {
    let mut person = Person::default();
    let middle_name = text(Column::MiddleName, raw.middle_name.expose())?;
    let suffix = text(Column::Suffix, raw.suffix.expose())?;
    let given_name = text(Column::GivenName, raw.given_name.expose())?;
    let has_parts = given_name.is_some() || middle_name.is_some() || suffix.is_some();
    if has_parts || !raw.family_name.expose().trim().is_empty() {
        person.family_name = name(Column::FamilyName, raw.family_name.expose())?;
        person.given_name = given_name.unwrap_or_default();
        person.middle_name = middle_name;
        person.suffix = suffix;
    }
    person.date_of_birth = birth_date(raw.date_of_birth.expose(), today)?;
    person.ssn = number(raw.ssn.expose(), sandbox)?;
    add_contacts(&mut person, raw)?;
    person.language = language(&raw.language)?;
    Ok(person)
}

/// Parses the columns of an address into a person of whom nothing else is known.
pub fn parse_address(raw: &RawColumns) -> Result<Person, Reject> {
    let mut nobody = Person::default();
    add_address(&mut nobody, raw)?;
    Ok(nobody)
}

fn add_address(person: &mut Person, raw: &RawColumns) -> Result<(), Reject> {
    let line1 = text(Column::AddressLine1, raw.address_line1.expose())?;
    let line2 = text(Column::AddressLine2, raw.address_line2.expose())?;
    person.address_lines = line1.into_iter().chain(line2).collect();
    person.city = text(Column::City, raw.city.expose())?;
    person.region = text(Column::Region, raw.region.expose())?;
    let code = text(Column::PostalCode, raw.postal_code.expose())?;
    person.country = Some(country(raw.country.expose())?);
    if address::is_foreign(person) {
        person.postal_code = code;
        return Ok(());
    }
    person.region = person
        .region
        .take()
        .map(|region| region.expose().to_uppercase().into());
    let zip = |code: Secret<String>| {
        address::parse_zip(code.expose()).ok_or(malformed(Column::PostalCode))
    };
    person.postal_code = code.map(zip).transpose()?;
    Ok(())
}

fn add_contacts(person: &mut Person, raw: &RawColumns) -> Result<(), Reject> {
    let parse = |phone: &Text| contact::parse_phone(phone.expose()).ok_or(malformed(Column::Phone));
    let phones = list(Column::Phone, raw.phone.expose())?;
    let phones: Vec<Text> = phones.iter().map(parse).collect::<Result<_, _>>()?;
    (person.phone, person.other_phones) = first_and_others(&phones);
    let parse = |email: &Text| contact::parse_email(email.expose()).ok_or(malformed(Column::Email));
    let emails = list(Column::Email, raw.email.expose())?;
    let emails: Vec<Text> = emails.iter().map(parse).collect::<Result<_, _>>()?;
    (person.email, person.other_emails) = first_and_others(&emails);
    Ok(())
}

/// Takes a list apart, each value once.
fn first_and_others(values: &[Text]) -> (Option<Text>, Vec<Text>) {
    let mut once: Vec<Text> = Vec::with_capacity(values.len());
    merge::add(&mut once, values);
    let mut values = once.into_iter();
    (values.next(), values.collect())
}

fn add_circumstances(person: &mut Person, raw: &RawColumns) -> Result<(), Reject> {
    person.language = language(&raw.language)?;
    person.data_elements = list(Column::DataElements, raw.data_elements.expose())?;
    person.prior_names = list(Column::PriorNames, raw.prior_names.expose())?;
    person.prior_addresses = list(Column::PriorAddresses, raw.prior_addresses.expose())?;
    person.confidential = is_yes(&raw.confidential)?;
    Ok(())
}

/// Reads a list whose items are separated by semicolons; empty items are left out.
fn list(column: Column, value: &str) -> Result<Vec<Text>, Reject> {
    let Some(value) = text(column, value)? else {
        return Ok(Vec::new());
    };
    let items = value.expose().split(';').map(str::trim);
    Ok(items
        .filter(|item| !item.is_empty())
        .map(Text::from)
        .collect())
}

fn is_yes(value: &str) -> Result<bool, Reject> {
    let column = Column::ConfidentialCommunication;
    let value = text(column, value)?.map(|value| value.expose().to_ascii_lowercase());
    match value.as_deref() {
        None | Some("no" | "n" | "false") => Ok(false),
        Some("yes" | "y" | "true") => Ok(true),
        Some(_) => Err(malformed(column)),
    }
}

const fn malformed(column: Column) -> Reject {
    Reject::new(column, Cause::Malformed)
}

/// Trims a text and checks its length and characters; nothing if it is empty.
fn text(column: Column, text: &str) -> Result<Option<Secret<String>>, Reject> {
    let text = text.trim();
    if text.chars().count() > column.longest() {
        return Err(Reject::new(column, Cause::TooLong));
    }
    if text.chars().any(char::is_control) {
        return Err(malformed(column));
    }
    Ok((!text.is_empty()).then(|| text.into()))
}

fn required(column: Column, value: &str) -> Result<Secret<String>, Reject> {
    text(column, value)?.ok_or(Reject::new(column, Cause::Missing))
}

fn name(column: Column, value: &str) -> Result<Secret<String>, Reject> {
    let name = required(column, value)?;
    if fold::is_blank(name.expose()) {
        Err(malformed(column))
    } else {
        Ok(name)
    }
}

fn entity(key: &str, rules: &Rules) -> Result<CoveredEntityId, Reject> {
    let column = Column::CoveredEntity;
    if key.trim().is_empty() {
        return Err(Reject::new(column, Cause::Missing));
    }
    let known = rules.entities.get(key.trim()).copied();
    known.ok_or(Reject::new(column, Cause::UnknownEntity))
}

fn birth_date(value: &str, today: Date) -> Result<Option<Date>, Reject> {
    let Some(value) = text(Column::DateOfBirth, value)? else {
        return Ok(None);
    };
    let born = date::parse_date(value.expose()).ok_or(malformed(Column::DateOfBirth))?;
    if date::is_plausible(born, today) {
        Ok(Some(born))
    } else {
        Err(Reject::new(Column::DateOfBirth, Cause::ImplausibleDate))
    }
}

fn number(value: &str, sandbox: bool) -> Result<Option<Secret<String>>, Reject> {
    let Some(value) = text(Column::Ssn, value)? else {
        return Ok(None);
    };
    ssn::parse_ssn(value.expose(), sandbox)
        .map(Some)
        .map_err(|error| match error {
            ssn::SsnError::Malformed => malformed(Column::Ssn),
            ssn::SsnError::NeverIssued => Reject::new(Column::Ssn, Cause::SsnNeverIssued),
        })
}

fn country(value: &str) -> Result<Secret<String>, Reject> {
    let Some(country) = text(Column::Country, value)? else {
        return Ok("US".into());
    };
    let two_letters =
        country.expose().len() == 2 && country.expose().bytes().all(|b| b.is_ascii_alphabetic());
    if two_letters {
        Ok(country.expose().to_ascii_uppercase().into())
    } else {
        Err(malformed(Column::Country))
    }
}

fn stated(value: &str) -> Result<Option<Population>, Reject> {
    let Some(value) = text(Column::Population, value)? else {
        return Ok(None);
    };
    let known = value.expose().to_ascii_uppercase().parse();
    known.map(Some).map_err(|_| malformed(Column::Population))
}

fn language(value: &str) -> Result<Option<Language>, Reject> {
    let Some(value) = text(Column::Language, value)? else {
        return Ok(None);
    };
    let known = value.expose().parse();
    known.map(Some).map_err(|_| malformed(Column::Language))
}

#[cfg(test)]
mod tests;
