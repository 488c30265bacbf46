//! Postal addresses: whether a letter can be sent, and how the block is printed (USPS Publication 28).

use crate::kernel::person::Person;
use crate::kernel::places;
use crate::kernel::secrets::Secret;

use super::{fold, street};

/// What stands in rosters where no address is known.
const NOWHERE: [&str; 12] = [
    "unknown",
    "none",
    "na",
    "noaddress",
    "addressunknown",
    "homeless",
    "transient",
    "undeliverable",
    "badaddress",
    "returnmail",
    "returnedmail",
    "deceased",
];

/// Tells whether a letter can be sent: in the U.S. street, city, region and ZIP; abroad street, city and country.
pub fn is_mailable(person: &Person) -> bool {
    let street = person
        .address_lines
        .first()
        .is_some_and(|line| is_somewhere(line.expose()) && !is_unit(line.expose()));
    let city = person
        .city
        .as_ref()
        .is_some_and(|city| is_somewhere(city.expose()));
    let is_whole = if is_foreign(person) {
        is_known_country(person)
    } else {
        has_region_and_zip(person)
    };
    street && city && is_whole
}

/// Gives one key for all ways to write where a person lives; none where nobody can be written to.
pub fn home(person: &Person) -> Option<Secret<String>> {
    if !is_mailable(person) {
        return None;
    }
    let text = |text: &Option<Secret<String>>| {
        fold::postal(text.as_ref().map_or("", |text| text.expose()))
    };
    let street = street::key(&person.address_lines);
    let (postal, country) = (text(&person.postal_code), text(&person.country));
    let parts = [street.expose(), postal.expose(), country.expose()];
    (!street.expose().is_empty()).then(|| Secret::new(parts.map(String::as_str).join("|")))
}

/// Replaces a person's address as a whole by another one's.
pub fn replace(person: &mut Person, by: &Person) {
    person.address_lines.clone_from(&by.address_lines);
    person.city.clone_from(&by.city);
    person.region.clone_from(&by.region);
    person.postal_code.clone_from(&by.postal_code);
    person.country.clone_from(&by.country);
}

/// Tells whether the address lies outside the United States.
pub fn is_foreign(person: &Person) -> bool {
    person
        .country
        .as_ref()
        .is_some_and(|country| country.expose() != "US")
}

/// Tells whether a line names a part of a building and no street: what is left where the line before it is not known.
fn is_unit(line: &str) -> bool {
    let words = [
        "apt",
        "apartment",
        "ste",
        "suite",
        "rm",
        "room",
        "fl",
        "floor",
        "#",
    ];
    let line = line.trim().to_lowercase();
    words.iter().any(|word| {
        let rest = line
            .strip_prefix(word)
            .map(|rest| rest.trim_start_matches('.').trim_start());
        // Apt 4, Suite 120-B, # 7: a number or a letter, and no name of a street behind it.
        rest.is_some_and(|rest| rest.len() <= 6 && !rest.contains(' '))
    })
}

fn is_known_country(person: &Person) -> bool {
    let country = person.country.as_ref();
    country.is_some_and(|country| country.expose() != places::NOWHERE)
}

fn is_somewhere(text: &str) -> bool {
    let plain: String = text
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect::<String>()
        .to_lowercase();
    !plain.is_empty() && !NOWHERE.contains(&plain.as_str())
}

fn has_region_and_zip(person: &Person) -> bool {
    let region = person
        .region
        .as_ref()
        .is_some_and(|region| places::region(region.expose()).is_some());
    region
        && person
            .postal_code
            .as_ref()
            .is_some_and(|code| is_zip(code.expose()))
}

/// Tells whether a text is `12345` or `12345-6789` and not a filler such as 00000.
fn is_zip(text: &str) -> bool {
    let (zip, more) = text.split_once('-').unwrap_or((text, "0000"));
    let digits =
        |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(zip, 5) && digits(more, 4) && zip != "00000" && zip != "99999"
}

/// What a text is as a U.S. ZIP.
#[derive(Debug)]
pub enum Zip {
    /// `12345` or `12345-6789`.
    Plain(Secret<String>),
    /// The same, after zeros that were lost were put back before it.
    WithZeros(Secret<String>),
    /// It stands where no ZIP is known.
    Filler,
    /// It is none.
    Malformed,
}

/// Reads a ZIP with or without its four more digits. Zeros that a spreadsheet program has cut off are put back where the ZIP then lies in
/// the region of the address.
pub fn read_zip(text: &str, region: Option<&str>) -> Zip {
    let text = text.strip_suffix(".0").unwrap_or(text);
    if !text
        .chars()
        .all(|c| c.is_ascii_digit() || c == '-' || c == ' ')
    {
        return Zip::Malformed;
    }
    let (first, more) = match text.trim_end_matches(['-', ' ']).split_once(['-', ' ']) {
        Some((first, more)) => (digits(first), digits(more)),
        None => (digits(text), String::new()),
    };
    let (zip, more, is_whole) = match (first.len(), more.len()) {
        (5, 0 | 4) => (first, more, true),
        (9, 0) => (first[..5].to_owned(), first[5..].to_owned(), true),
        (3 | 4, 0 | 4) => (format!("{first:0>5}"), more, false),
        (7 | 8, 0) => {
            let padded = format!("{first:0>9}");
            (padded[..5].to_owned(), padded[5..].to_owned(), false)
        }
        _ => return Zip::Malformed,
    };
    if zip == "00000" || zip == "99999" {
        return Zip::Filler;
    }
    let code = if more.is_empty() || more == "0000" {
        zip.clone()
    } else {
        format!("{zip}-{more}")
    };
    if is_whole {
        Zip::Plain(Secret::new(code))
    } else if region.is_some() && places::region_of_zip(&zip) == region {
        Zip::WithZeros(Secret::new(code))
    } else {
        Zip::Malformed
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Gives the whole name of a person, as it is printed.
pub fn full_name(person: &Person) -> String {
    let middle = person.middle_name.as_ref();
    let suffix = person.suffix.as_ref();
    [
        Some(&person.given_name),
        middle,
        Some(&person.family_name),
        suffix,
    ]
    .into_iter()
    .flatten()
    .map(|part| part.expose().as_str())
    // Somebody with one name has no given name.
    .filter(|part| !part.is_empty())
    .collect::<Vec<_>>()
    .join(" ")
}

/// Gives the address lines of a letter, without the name.
pub fn address_lines(person: &Person) -> Vec<String> {
    let mut lines: Vec<String> = person
        .address_lines
        .iter()
        .map(|line| line.expose().clone())
        .collect();
    let part = |text: &Option<Secret<String>>| {
        text.as_ref()
            .map(|text| text.expose().clone())
            .unwrap_or_default()
    };
    let (city, region, code) = (
        part(&person.city),
        part(&person.region),
        part(&person.postal_code),
    );
    let last = [city, region, code]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    lines.push(last);
    if is_foreign(person) {
        // A code there would be read as a state: `IN` is Indiana. An address in no known country is not mailable.
        let country = part(&person.country);
        lines.push(places::country_line(&country).unwrap_or(country));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> Person {
        Person {
            given_name: "Ada".into(),
            middle_name: Some("K".into()),
            family_name: "Neill".into(),
            suffix: Some("Jr".into()),
            address_lines: vec!["12 Main St".into(), "Apt 3".into()],
            city: Some("Fort Wayne".into()),
            region: Some("IN".into()),
            postal_code: Some("46802".into()),
            country: Some("US".into()),
            ..Person::default()
        }
    }

    #[test]
    fn a_whole_address_is_mailable_and_prints() {
        assert!(is_mailable(&home()));
        assert_eq!(full_name(&home()), "Ada K Neill Jr");
        assert_eq!(
            address_lines(&home()),
            ["12 Main St", "Apt 3", "Fort Wayne IN 46802"]
        );
    }

    #[test]
    fn what_the_post_cannot_deliver_is_not_mailable() {
        assert!(!is_mailable(&Person::default()));
        let with = |change: fn(&mut Person)| {
            let mut person = home();
            change(&mut person);
            is_mailable(&person)
        };
        assert!(!with(|p| p.address_lines = vec!["UNKNOWN".into()]));
        assert!(!with(|p| p.address_lines = vec!["N/A".into()]));
        assert!(!with(|p| p.address_lines = vec!["Apt 3".into()]));
        assert!(!with(|p| p.address_lines = vec!["#12B".into()]));
        assert!(with(|p| p.address_lines = vec!["Suite Rd 12".into()]));
        assert!(!with(|p| p.city = None));
        assert!(!with(|p| p.region = Some("XX".into())));
        assert!(!with(|p| p.postal_code = Some("00000".into())));
        assert!(!with(|p| p.postal_code = None));
    }

    #[test]
    fn abroad_needs_no_region_and_prints_the_country() {
        let mut away = home();
        away.country = Some("DE".into());
        away.region = None;
        away.postal_code = Some("10115".into());
        away.city = Some("Berlin".into());
        assert!(is_mailable(&away));
        assert_eq!(address_lines(&away)[2..], ["Berlin 10115", "GERMANY"]);
    }

    #[test]
    fn zips_are_read_and_lost_zeros_put_back_where_they_fit() {
        let read = |text: &str, region| match read_zip(text, region) {
            Zip::Plain(zip) => zip.expose().clone(),
            Zip::WithZeros(zip) => format!("0 {}", zip.expose()),
            Zip::Filler => "filler".to_owned(),
            Zip::Malformed => "malformed".to_owned(),
        };
        for (text, region, expected) in [
            ("468021234", Some("IN"), "46802-1234"),
            ("46802-1234", None, "46802-1234"),
            ("46802", None, "46802"),
            ("46802-", None, "46802"),
            ("46802.0", None, "46802"),
            ("2134", Some("MA"), "0 02134"),
            ("901", Some("PR"), "0 00901"),
            ("21341234", Some("MA"), "0 02134-1234"),
            ("2134-1234", Some("MA"), "0 02134-1234"),
            ("2134", Some("IN"), "malformed"),
            ("2134", None, "malformed"),
            ("00000", Some("IN"), "filler"),
            ("99999-9999", None, "filler"),
            ("K1A 0B1", None, "malformed"),
            ("123456", None, "malformed"),
        ] {
            assert_eq!(read(text, region), expected, "{text}");
        }
    }

    #[test]
    fn a_name_of_one_part_is_printed_alone() {
        let mut person = home();
        person.given_name = "".into();
        person.middle_name = None;
        person.suffix = None;
        assert_eq!(full_name(&person), "Neill");
    }

    #[test]
    fn an_unknown_country_is_nowhere() {
        let mut away = home();
        away.country = Some(places::NOWHERE.into());
        assert!(is_foreign(&away) && !is_mailable(&away));
    }
}
