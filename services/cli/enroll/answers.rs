//! What a person types, and what can be understood of it.

use crate::cli::ask::{line, until};
use crate::client::convert::{parse_date, wire_date};
use crate::client::problem::Problem;
use crate::wire::redress::identity::v1::{Claims, ContactChannel, MaskedContact};
use crate::wire::redress::r#type::v1::PersonName;

/// Asks for what a person says about themself.
pub fn claims() -> Result<Claims, Problem> {
    Ok(Claims {
        name: Some(PersonName {
            given_name: until("  First name:", filled)?,
            family_name: until("  Last name:", filled)?,
            ..PersonName::default()
        }),
        date_of_birth: Some(wire_date(until(
            "  Date of birth (MM/DD/YYYY):",
            parse_date,
        )?)),
        ssn: until(
            "  Social Security number, or its last four digits (may stay empty):",
            ssn,
        )?,
        postal_code: line("  ZIP code:")?,
        representative: None,
        representative_verification_id: String::new(),
    })
}

/// One letter and six digits.
pub fn engagement_number(text: &str) -> Result<String, String> {
    let text = text.to_uppercase();
    let (letter, digits) = text.split_at(text.chars().next().map_or(0, char::len_utf8));
    let fits = letter.bytes().all(|b| b.is_ascii_uppercase())
        && digits.len() == 6
        && digits.bytes().all(|b| b.is_ascii_digit());
    if fits {
        Ok(text)
    } else {
        Err("an engagement number is one letter and six digits, such as B123456".to_owned())
    }
}

fn filled(text: &str) -> Result<String, String> {
    if text.is_empty() {
        Err("this is needed".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

/// Nine digits, four, or none; dashes and spaces do not matter.
fn ssn(text: &str) -> Result<String, String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    match digits.len() {
        0 if text.is_empty() => Ok(digits),
        4 | 9 => Ok(digits),
        _ => Err("nine digits, or the last four".to_owned()),
    }
}

/// How a code shall come.
pub fn channel(text: &str) -> Result<ContactChannel, String> {
    match text.trim().to_lowercase().as_str() {
        "email" | "e-mail" | "mail" => Ok(ContactChannel::Email),
        "text" | "text message" | "sms" => Ok(ContactChannel::Sms),
        "call" | "voice" | "phone" => Ok(ContactChannel::Voice),
        _ => Err("type email, text or call".to_owned()),
    }
}

/// A contact by its number in the list.
pub fn choice(text: &str, contacts: &[MaskedContact]) -> Result<MaskedContact, String> {
    let at = text
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_sub(1));
    let found = at.and_then(|at| contacts.get(at)).cloned();
    found.ok_or_else(|| format!("a number from 1 to {}", contacts.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_type_as_they_like() {
        assert_eq!(engagement_number("b123456").unwrap(), "B123456");
        assert!(engagement_number("123456").is_err());
        assert!(engagement_number("").is_err());
        assert_eq!(channel(" Text").unwrap(), ContactChannel::Sms);
        assert_eq!(channel("e-mail").unwrap(), ContactChannel::Email);
        assert!(channel("pigeon").is_err());
        assert_eq!(ssn("666-01-0001").unwrap(), "666010001");
        assert!(ssn("12345").is_err());
        assert_eq!(parse_date("07/04/1976"), parse_date("1976-07-04"));
    }
}
