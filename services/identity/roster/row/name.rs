//! The name of a row. Somebody with one name is a person: it is kept as the family name, and claims are read the same way.

use crate::identity::matching::fold;
use crate::identity::roster::raw::RawColumns;
use crate::identity::roster::reject::{Cause, Column, Reject};
use crate::identity::roster::warning::What;
use crate::kernel::person::{Person, Text};

use super::cell::{clean, is_no_part};
use super::reading::Reading;

/// Reads a name into a person; refuses a row that has none.
pub fn read(reading: &mut Reading, person: &mut Person, raw: &RawColumns) -> Result<(), Reject> {
    let given = part(
        reading,
        Column::GivenName,
        raw.given_name.expose(),
        raw.family_name.expose(),
    );
    person.middle_name = reading.text(Column::MiddleName, raw.middle_name.expose());
    let family = part(
        reading,
        Column::FamilyName,
        raw.family_name.expose(),
        raw.given_name.expose(),
    );
    person.suffix = reading.text(Column::Suffix, raw.suffix.expose());
    let (given, family) = match (given, family) {
        (given, Some(family)) => (given.unwrap_or_default(), family),
        (Some(only), None) => (Text::default(), only),
        (None, None) => {
            let faults = reading
                .warnings
                .iter()
                .filter_map(|warning| match warning.what {
                    What::LeftOut(cause)
                        if cause != Cause::NoValue && warning.column != Column::MiddleName =>
                    {
                        Some(Reject::new(warning.column, cause))
                    }
                    _ => None,
                });
            let missing = Reject::new(Column::GivenName, Cause::Missing);
            return Err(faults.into_iter().next().unwrap_or(missing));
        }
    };
    (person.given_name, person.family_name) = (given, family);
    Ok(())
}

/// Reads one part of a name. What a program writes for "no value" is said, because it may be somebody's name.
fn part(reading: &mut Reading, column: Column, raw: &str, other: &str) -> Option<Text> {
    if let Some(name) = reading.text(column, raw) {
        if !fold::is_blank(name.expose()) {
            return Some(name);
        }
        reading.leave_out(column, Cause::Malformed);
        return None;
    }
    let (text, _) = clean(column, raw);
    // NA is a family name in a list that is written in capitals.
    let is_capitals = !other.is_empty() && other.chars().all(|letter| !letter.is_lowercase());
    if text.as_str() == "NA" && is_capitals && clean(column, other).0.as_str() != "NA" {
        return Some(Text::from("NA"));
    }
    let is_said = reading
        .warnings
        .iter()
        .any(|warning| warning.column == column);
    if !text.is_empty()
        && !is_no_part(&text)
        && text.contains(|letter: char| letter.is_alphabetic())
        && !is_said
    {
        reading.leave_out(column, Cause::NoValue);
    }
    None
}
