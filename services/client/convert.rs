//! Civil dates, instants and enum values of the wire, as text and back.

use jiff::civil::Date;
use prost_types::Timestamp as WireTime;

use crate::kernel::clock::Timestamp;
use crate::wire::google::r#type::Date as WireDate;
use crate::wire::redress::r#type::v1::{Evidence, OutcomeClass, Population};

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

/// Reads a value of a closed set as people type it: `not-the-person` for `DECISION_REASON_NOT_THE_PERSON`. `name` gives the name of
/// a value, `prefix` what every name begins with.
pub fn parse_value<E: TryFrom<i32>>(
    text: &str,
    name: fn(&E) -> &'static str,
    prefix: &str,
) -> Result<E, String> {
    let typed = |value: &E| typed(name(value), prefix);
    let wanted = text.trim().to_lowercase().replace('_', "-");
    let values = || (1..100).filter_map(|number| E::try_from(number).ok());
    values()
        .find(|value| typed(value) == wanted)
        .ok_or_else(|| {
            let all: Vec<String> = values().map(|value| typed(&value)).collect();
            format!("must be one of {}", all.join(", "))
        })
}

/// Gives the name of a value as people type it.
pub fn typed(name: &str, prefix: &str) -> String {
    state(name, prefix).to_lowercase().replace('_', "-")
}

/// Gives an enum value without its prefix, or nothing where it is not given.
pub fn given(name: &str, prefix: &str) -> Option<String> {
    let word = state(name, prefix);
    (word != "UNSPECIFIED").then_some(word)
}

/// Gives the kinds of evidence without their prefix.
pub fn evidence(numbers: &[i32]) -> Vec<String> {
    let kinds = numbers
        .iter()
        .map(|number| Evidence::try_from(*number).unwrap_or_default());
    kinds
        .map(|kind| state(kind.as_str_name(), "EVIDENCE_"))
        .collect()
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

/// Writes a number the way Americans read it.
pub fn with_commas(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        assert_eq!(with_commas(0), "0");
        assert_eq!(with_commas(3_900_000), "3,900,000");
        assert_eq!(with_commas(-1_234), "-1,234");
    }

    #[test]
    fn a_value_is_read_as_people_type_it_and_a_wrong_one_is_told_all() {
        let parse =
            |text: &str| parse_value::<Population>(text, Population::as_str_name, "POPULATION_");
        for text in ["minor", "MINOR", " Minor "] {
            assert_eq!(parse(text), Ok(Population::Minor));
        }
        let all = "must be one of adult, minor, deceased".to_owned();
        assert_eq!(parse("unspecified"), Err(all.clone()));
        assert_eq!(parse(""), Err(all));
    }
}
