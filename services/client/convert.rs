//! Civil dates, instants and enum values of the wire, as text and back.

use jiff::civil::Date;
use prost_types::Timestamp as WireTime;

use crate::kernel::clock::Timestamp;
use crate::wire::google::r#type::Date as WireDate;
use crate::wire::redress::r#type::v1::{OutcomeClass, Population};

/// Converts a civil date to the wire's.
pub fn wire_date(date: Date) -> WireDate {
    WireDate {
        year: date.year().into(),
        month: date.month().into(),
        day: date.day().into(),
    }
}

/// Gives a date of the wire as text.
pub fn date(date: Option<&WireDate>) -> Option<String> {
    date.map(|date| format!("{:04}-{:02}-{:02}", date.year, date.month, date.day))
}

/// Gives an instant of the wire as text.
pub fn time(time: Option<&WireTime>) -> Option<String> {
    let instant = Timestamp::from_proto(time?).ok()?;
    Some(instant.to_string())
}

/// Reads a date: month, day and year as Americans write them, or year first.
pub fn parse_date(text: &str) -> Result<Date, String> {
    let parsed = Date::strptime("%m/%d/%Y", text).or_else(|_| text.parse());
    parsed.map_err(|_| "a date looks like 07/04/1976".to_owned())
}

/// Gives an enum value without its prefix: `CAMPAIGN_STATE_OPEN` as `OPEN`.
pub fn state(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_owned()
}

/// Reads a population: `ADULT`, `MINOR` or `DECEASED`, in any case.
pub fn parse_population(text: &str) -> Result<Population, String> {
    let name = format!("POPULATION_{}", text.trim().to_uppercase());
    Population::from_str_name(&name)
        .filter(|population| *population != Population::Unspecified)
        .ok_or_else(|| "must be ADULT, MINOR or DECEASED".to_owned())
}

/// Gives a population as people type it.
pub fn population(number: i32) -> String {
    let population = Population::try_from(number).unwrap_or_default();
    state(population.as_str_name(), "POPULATION_")
}

/// Gives an outcome class as people read it; nothing where nothing is wrong.
pub fn outcome_class(number: i32) -> String {
    match OutcomeClass::try_from(number).unwrap_or(OutcomeClass::Other) {
        OutcomeClass::Unspecified => String::new(),
        class => state(class.as_str_name(), "OUTCOME_CLASS_"),
    }
}
