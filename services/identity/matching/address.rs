//! Postal addresses: whether a letter can be sent, and how the block is printed (USPS Publication 28).

use crate::kernel::person::Person;
use crate::kernel::secrets::Secret;

/// States, territories and military regions that the U.S. Postal Service delivers to.
const REGIONS: [&str; 62] = [
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA", "HI", "ID", "IL", "IN", "IA",
    "KS", "KY", "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM",
    "NY", "NC", "ND", "OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA",
    "WV", "WI", "WY", "AS", "GU", "MP", "PR", "VI", "FM", "MH", "PW", "AA", "AE", "AP",
];

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
        .is_some_and(|line| is_somewhere(line.expose()));
    let city = person
        .city
        .as_ref()
        .is_some_and(|city| is_somewhere(city.expose()));
    street && city && (is_foreign(person) || has_region_and_zip(person))
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
        .is_some_and(|region| REGIONS.contains(&region.expose().as_str()));
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

/// Parses a U.S. ZIP with or without its four more digits into `12345` or `12345-6789`.
pub fn parse_zip(text: &str) -> Option<Secret<String>> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let allowed = text
        .chars()
        .all(|c| c.is_ascii_digit() || c == '-' || c == ' ');
    match (allowed, digits.len()) {
        (true, 5) => Some(Secret::new(digits)),
        (true, 9) => Some(Secret::new(format!("{}-{}", &digits[..5], &digits[5..]))),
        _ => None,
    }
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
        // The country stands alone in the last line, in capitals (Publication 28, section 2-11).
        lines.push(part(&person.country));
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
        assert_eq!(address_lines(&away)[2..], ["Berlin 10115", "DE"]);
    }

    #[test]
    fn zips_parse() {
        assert_eq!(parse_zip("468021234").unwrap().expose(), "46802-1234");
        assert_eq!(parse_zip("46802").unwrap().expose(), "46802");
        assert!(parse_zip("4680").is_none() && parse_zip("K1A 0B1").is_none());
    }
}
