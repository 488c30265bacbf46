//! What makes one form of the many ways to write a name, an address, a contact, a number or a date: no text breaks it, what is folded stays as it
//! is when it is folded again, and nothing grows beyond its bound.
//!
//! With a nightly toolchain and cargo-fuzz, from the root of the repository:
//!
//! ```text
//! cargo +nightly fuzz run --fuzz-dir tests/fuzz --target-dir target/fuzz --sanitizer none normalizers tests/fuzz/corpus/normalizers -- -max_total_time=240
//! cargo +nightly fuzz run --fuzz-dir tests/fuzz --target-dir target/fuzz --sanitizer none claims tests/fuzz/corpus/claims -- -max_total_time=240
//! ```
//!
//! There is no unsafe code for the address sanitizer to look at, and it does not go with the allocator of the programs. What libFuzzer finds new
//! it adds to the folder of the corpus: keep there what is small and means something.

#![no_main]

use std::collections::HashMap;

use jiff::civil::{Date, date};
use libfuzzer_sys::fuzz_target;

use redress::identity::matching::{contact, fold, ssn, street};
use redress::identity::roster::raw::RawColumns;
use redress::identity::roster::row::{Rules, parse_row};
use redress::kernel::dates::{DateOrder, read_date};
use redress::kernel::ids::CoveredEntityId;
use redress::kernel::person::Person;

const TODAY: Date = date(2026, 1, 1);

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    names(&text);
    addresses(&text);
    contacts(&text);
    numbers(&text);
    dates(&text);
    rows(&text);
});

fn names(text: &str) {
    for folded in [fold::name, fold::family].map(|fold| fold(text)) {
        let joined = folded.joined();
        assert!(joined.len() <= fold::MOST_GROWTH * text.len());
        assert_eq!(fold::name(joined).joined(), joined);
        assert_eq!(fold::family(joined).joined(), joined);
        let words = folded.tokens().collect::<Vec<_>>().join(" ");
        assert_eq!(fold::name(&words).joined(), joined);
    }
    assert_eq!(fold::is_blank(text), fold::name(text).is_empty());
}

fn addresses(text: &str) {
    let code = fold::postal(text);
    assert!(code.expose().len() <= text.len());
    assert_eq!(fold::postal(code.expose()).expose(), code.expose());
    let key = |text: &str| {
        let lines: Vec<_> = text.lines().map(Into::into).collect();
        street::key(&lines)
    };
    let one = key(text);
    assert!(one.expose().len() <= street::MOST_GROWTH * text.len());
    assert_eq!(key(&text.to_ascii_uppercase()).expose(), one.expose());
}

fn contacts(text: &str) {
    let _ = (contact::is_no_email(text), contact::is_no_phone(text));
    if let Some(email) = contact::parse_email(text) {
        assert!(email.expose().len() <= 254);
        let again = contact::parse_email(email.expose()).expect("an address");
        assert_eq!(again.expose(), email.expose());
    }
    if let Some(phone) = contact::parse_phone(text) {
        assert!(phone.expose().len() <= 16);
        let again = contact::parse_phone(phone.expose()).expect("a number");
        assert_eq!(again.expose(), phone.expose());
    }
}

fn numbers(text: &str) {
    if let Ok(number) = ssn::parse_ssn(text, true) {
        assert_eq!(number.expose().len(), 9);
        let again = ssn::parse_ssn(number.expose(), true).expect("a number");
        assert_eq!(again.expose(), number.expose());
    }
    if let Some(claimed) = ssn::parse_claimed(text) {
        assert_eq!(claimed.last_four().len(), 4);
    }
}

fn dates(text: &str) {
    for order in [DateOrder::MonthFirst, DateOrder::DayFirst] {
        if let Ok(read) = read_date(text, order, TODAY) {
            // Years beyond four digits are nobody's.
            if (1000..=9999).contains(&read.date.year()) {
                let again = read_date(&read.date.to_string(), order, TODAY);
                let again = again.unwrap_or_else(|_| panic!("{} is none", read.date));
                assert_eq!(again.date, read.date);
            }
        }
    }
}

/// A row whose cells are the lines: those of a person who was read are read again as they are.
fn rows(text: &str) {
    let mut cells = text.split('\n');
    let mut next = || cells.next().unwrap_or_default();
    let raw = RawColumns {
        external_ref: "1".into(),
        covered_entity: "any".to_owned(),
        family_name: next().into(),
        given_name: next().into(),
        date_of_birth: next().into(),
        ssn: next().into(),
        postal_code: next().into(),
        phone: next().into(),
        email: next().into(),
        address_line1: next().into(),
        region: next().into(),
        country: next().into(),
        middle_name: next().into(),
        suffix: next().into(),
        ..RawColumns::default()
    };
    let rules = Rules {
        entities: HashMap::from([(
            "any".to_owned(),
            CoveredEntityId::from_uuid(uuid::Uuid::nil()),
        )]),
        today: TODAY,
        sandbox_ssn: true,
        date_order: DateOrder::MonthFirst,
    };
    let Ok(row) = parse_row(&raw, &rules) else {
        return;
    };
    let facts = |person: &Person| {
        (
            person.date_of_birth,
            person.ssn.as_ref().map(|ssn| ssn.expose().clone()),
        )
    };
    let born = row.person.date_of_birth.map(|born| born.to_string());
    let again = RawColumns {
        date_of_birth: born.unwrap_or_default().as_str().into(),
        ssn: facts(&row.person).1.unwrap_or_default().as_str().into(),
        ..raw
    };
    let again = parse_row(&again, &rules).expect("the names were read before");
    assert_eq!(facts(&again.person), facts(&row.person));
}
