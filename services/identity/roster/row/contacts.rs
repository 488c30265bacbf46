//! Telephone numbers and e-mail addresses of a row: several in a cell, each read by itself.

use crate::identity::matching::contact;
use crate::identity::roster::merge;
use crate::identity::roster::raw::RawColumns;
use crate::identity::roster::reject::{Cause, Column};
use crate::identity::roster::warning::Mend;
use crate::kernel::dates;
use crate::kernel::person::{Person, Text};

use super::cell::is_nothing;
use super::reading::{Reading, is_one_digit};

/// Reads the contacts into a person.
pub fn read(reading: &mut Reading, person: &mut Person, raw: &RawColumns) {
    let phones = phones(reading, raw.phone.expose());
    (person.phone, person.other_phones) = first_and_others(&phones);
    let emails = emails(reading, raw.email.expose());
    (person.email, person.other_emails) = first_and_others(&emails);
}

/// Takes a list apart, each value once.
fn first_and_others(values: &[Text]) -> (Option<Text>, Vec<Text>) {
    let mut once: Vec<Text> = Vec::with_capacity(values.len());
    merge::add(&mut once, values);
    let mut values = once.into_iter();
    (values.next(), values.collect())
}

fn phones(reading: &mut Reading, raw: &str) -> Vec<Text> {
    const COLUMN: Column = Column::Phone;
    let Some(cell) = reading.cell(COLUMN, raw) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let (mut unread, mut lost_digits, mut beside) = (false, false, false);
    let items = cell.split([';', ',', '|']).flat_map(alternatives);
    for item in items
        .map(str::trim)
        .filter(|item| !item.is_empty() && !is_nothing(COLUMN, item))
    {
        let item = item.strip_suffix(".0").unwrap_or(item);
        if dates::is_scientific(item) {
            lost_digits = true;
            continue;
        }
        let plain = contact::parse_phone(item);
        beside |= plain.is_none();
        match plain.or_else(|| contact::parse_phone(&number_in(item))) {
            Some(phone) if contact::is_no_phone(phone.expose()) => {}
            Some(phone) => found.push(phone),
            None => unread |= !is_one_digit(&digits(item)),
        }
    }
    if lost_digits {
        reading.leave_out(COLUMN, Cause::DigitsLost);
    } else if unread {
        reading.leave_out(COLUMN, Cause::Malformed);
    } else if beside && !found.is_empty() {
        reading.mended(COLUMN, Mend::BesideNumber);
    }
    found
}

/// Two numbers may stand with a stroke or a word between them; in one number a stroke parts the area code.
fn alternatives(item: &str) -> Vec<&str> {
    let whole = [item];
    let parts: Vec<&str> = item
        .split(" or ")
        .flat_map(|part| part.split('/'))
        .collect();
    if parts.iter().all(|part| digits(part).len() >= 10) {
        parts
    } else {
        whole.to_vec()
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Cuts off an extension, and words such as `cell` beside the number.
fn number_in(item: &str) -> String {
    let lower = item.to_lowercase();
    let ends = ["ext", "x", "#"].into_iter().filter_map(|mark| {
        let at = lower.find(mark)?;
        (digits(&lower[..at]).len() >= 10).then_some(at)
    });
    let end = ends.min().unwrap_or(lower.len());
    let number: String = lower[..end]
        .chars()
        .filter(|letter| !letter.is_alphabetic() && !":()".contains(*letter))
        .collect();
    number
        .trim_matches(|letter: char| !letter.is_ascii_digit() && letter != '+')
        .to_owned()
}

fn emails(reading: &mut Reading, raw: &str) -> Vec<Text> {
    const COLUMN: Column = Column::Email;
    let Some(cell) = reading.cell(COLUMN, raw) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut unread = false;
    for item in cell.split([';', ',', '|']).map(str::trim) {
        let item = match (item.rfind('<'), item.strip_suffix('>')) {
            (Some(at), Some(inner)) => &inner[at + 1..],
            _ => item,
        };
        let item = item.strip_prefix("mailto:").unwrap_or(item);
        if item.is_empty() || is_nothing(COLUMN, item) || contact::is_no_email(item) {
            continue;
        }
        match contact::parse_email(item) {
            Some(email) => found.push(email),
            None => unread = true,
        }
    }
    if unread {
        reading.leave_out(COLUMN, Cause::Malformed);
    }
    found
}
