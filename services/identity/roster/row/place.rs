//! The address of a row.

use crate::identity::matching::address::{self, Zip};
use crate::identity::roster::raw::RawColumns;
use crate::identity::roster::reject::{Cause, Column};
use crate::identity::roster::warning::Mend;
use crate::kernel::dates;
use crate::kernel::person::{Person, Text};
use crate::kernel::places;

use super::reading::Reading;

/// Reads an address into a person.
pub fn read(reading: &mut Reading, person: &mut Person, raw: &RawColumns) {
    let line1 = reading.text(Column::AddressLine1, raw.address_line1.expose());
    let line2 = reading.text(Column::AddressLine2, raw.address_line2.expose());
    person.address_lines = line1.into_iter().chain(line2).collect();
    person.city = reading.text(Column::City, raw.city.expose());
    let region = reading.text(Column::Region, raw.region.expose());
    let country = country(reading, raw, region.as_ref());
    if places::is_domestic(&country) {
        at_home(reading, person, raw, region.as_ref(), &country);
    } else {
        person.region = region;
        person.postal_code = reading.text(Column::PostalCode, raw.postal_code.expose());
        person.country = Some(country.into());
    }
}

/// Reads the country; the United States where there is none.
fn country(reading: &mut Reading, raw: &RawColumns, region: Option<&Text>) -> String {
    let (given, code) = (raw.country.expose().trim(), raw.postal_code.expose());
    // NA is Namibia, and "no value" in the lists of programs that write it so.
    let is_at_home = region.is_some_and(|region| places::region(region.expose()).is_some());
    if given == "NA" && !is_at_home && region_of(code).is_none() {
        return given.to_owned();
    }
    let Some(text) = reading.cell(Column::Country, given) else {
        let in_canada =
            is_canadian(code) && region.is_none_or(|region| places::is_province(region.expose()));
        if in_canada {
            reading.mended(Column::Country, Mend::CountryOfCode);
        }
        return if in_canada { "CA" } else { "US" }.to_owned();
    };
    let known = places::country(&text);
    if known.is_none() {
        reading.leave_out(Column::Country, Cause::UnknownCountry);
    }
    known.unwrap_or(places::NOWHERE).to_owned()
}

/// Reads state and ZIP.
fn at_home(
    reading: &mut Reading,
    person: &mut Person,
    raw: &RawColumns,
    region: Option<&Text>,
    country: &str,
) {
    person.country = Some("US".into());
    let written = region.map(|region| region.expose().as_str());
    let known = written.and_then(places::region);
    // A territory may stand as the country.
    let known = known.or_else(|| places::region(country).filter(|_| country != "US"));
    let zip = zip(reading, raw.postal_code.expose(), known);
    let of_zip = zip
        .as_ref()
        .and_then(|zip| places::region_of_zip(zip.expose()));
    let found = known.or(of_zip);
    if known.is_none() {
        match (written, of_zip) {
            (_, Some(_)) => reading.mended(Column::Region, Mend::RegionOfZip),
            (Some(_), None) => reading.leave_out(Column::Region, Cause::UnknownRegion),
            (None, None) => {}
        }
    }
    person.region = found.map(Text::from);
    person.postal_code = zip;
}

fn zip(reading: &mut Reading, raw: &str, region: Option<&str>) -> Option<Text> {
    const COLUMN: Column = Column::PostalCode;
    let text = reading.cell(COLUMN, raw)?;
    if dates::is_scientific(&text) {
        reading.leave_out(COLUMN, Cause::DigitsLost);
        return None;
    }
    match address::read_zip(&text, region) {
        Zip::Plain(zip) => Some(zip),
        Zip::WithZeros(zip) => {
            reading.mended(COLUMN, Mend::LostZeros);
            Some(zip)
        }
        Zip::Filler => None,
        Zip::Malformed => {
            reading.leave_out(COLUMN, Cause::Malformed);
            None
        }
    }
}

fn region_of(code: &str) -> Option<&'static str> {
    let digits: String = code.chars().filter(char::is_ascii_digit).collect();
    (digits.len() == 5 || digits.len() == 9)
        .then(|| places::region_of_zip(&digits))
        .flatten()
}

/// Tells whether a code is written as Canada Post writes them: letter, digit, letter, digit, letter, digit.
fn is_canadian(code: &str) -> bool {
    let plain: Vec<char> = code
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .collect();
    let is_right = |(at, letter): (usize, &char)| {
        if at.is_multiple_of(2) {
            letter.is_ascii_alphabetic()
        } else {
            letter.is_ascii_digit()
        }
    };
    plain.len() == 6 && plain.iter().enumerate().all(is_right)
}
