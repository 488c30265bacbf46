//! Rows of rosters, and what their people say.

use redress::identity::roster::row::{RawColumns, RawRow};
use redress::wire::google::r#type::Date;
use redress::wire::redress::identity::v1 as wire;
use redress::wire::redress::r#type::v1::PersonName;

/// Somebody with everything on record.
pub fn ada(line: i64) -> RawRow {
    RawRow {
        line,
        columns: RawColumns {
            external_ref: "MRN-1".into(),
            covered_entity: "concentra".into(),
            given_name: "Katherine".into(),
            middle_name: "K".into(),
            family_name: "O'Neill".into(),
            date_of_birth: "1961-03-12".into(),
            ssn: "666-01-0001".into(),
            address_line1: "12 Main St".into(),
            address_line2: "Apt 3".into(),
            city: "Fort Wayne".into(),
            region: "IN".into(),
            postal_code: "46802".into(),
            phone: "260-555-0142".into(),
            email: "kate@example.org".into(),
            ..RawColumns::default()
        },
    }
}

/// Like somebody, but for some columns.
pub fn but(mut row: RawRow, change: impl FnOnce(&mut RawColumns)) -> RawRow {
    change(&mut row.columns);
    row
}

/// One of many different people.
pub fn somebody(line: i64) -> RawRow {
    but(ada(line), |row| {
        row.external_ref = format!("MRN-{line}").into();
        row.given_name = format!("Given{}", letters(line)).into();
        row.family_name = format!("Family{}", letters(line * 7)).into();
        row.ssn = format!("666-{:02}-{:04}", 20 + line / 9_000, 1 + line % 9_000).into();
        row.date_of_birth = format!(
            "19{:02}-{:02}-{:02}",
            20 + line % 70,
            1 + line % 12,
            1 + line % 28
        )
        .into();
        row.phone = format!("260-{}-{:04}", 500 + line / 10_000, line % 10_000).into();
        row.email = format!("p{line}@example.org").into();
    })
}

fn letters(mut number: i64) -> String {
    let mut text = String::new();
    while number > 0 {
        text.push(char::from(b'a' + u8::try_from(number % 26).unwrap()));
        number /= 26;
    }
    text
}

/// What Katherine says.
pub fn claims() -> wire::Claims {
    wire::Claims {
        name: name("Katherine", "O'Neill"),
        date_of_birth: date(1961, 3, 12),
        ssn: String::new(),
        postal_code: String::new(),
        representative: None,
        representative_verification_id: String::new(),
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "fields of messages are optional on the wire"
)]
pub fn name(given: &str, family: &str) -> Option<PersonName> {
    Some(PersonName {
        given_name: given.into(),
        family_name: family.into(),
        ..PersonName::default()
    })
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "fields of messages are optional on the wire"
)]
pub fn date(year: i32, month: i32, day: i32) -> Option<Date> {
    Some(Date { year, month, day })
}
