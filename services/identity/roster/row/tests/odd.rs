//! Rows with one odd cell each.

use super::*;

/// One odd cell a row: at most those without a person or an address may be refused.
#[test]
fn of_rows_with_one_odd_cell_nobody_goes_without_a_letter() {
    let cells: [(Column, &[&str]); 15] = [
        (
            Column::GivenName,
            &["", "---", "NULL", "FNU", "'Ada", "Ada\u{7}"],
        ),
        (Column::MiddleName, &["NMN", "NULL", "\u{a0}", "m"]),
        (
            Column::FamilyName,
            &["", "LNU", "N/A", "O\u{2019}Neill-Smith Jr.", "'t Hooft"],
        ),
        (
            Column::Suffix,
            &["NULL", "none", "a suffix much too long for it"],
        ),
        (
            Column::DateOfBirth,
            &[
                "01/01/1900",
                "N/A",
                "13/13/1961",
                "22352",
                "1961-03-12 00:00:00",
                "2.2352E+04",
                "1899-01-01",
            ],
        ),
        (
            Column::Ssn,
            &[
                "N/A",
                "999-99-9999",
                "912-70-1234",
                "12345",
                "4.56E+08",
                "XXX-XX-1234",
                "666 01 2345",
            ],
        ),
        (Column::AddressLine2, &["NULL", "-", "#4", "Apt\n4"]),
        (Column::Region, &["Indiana", "Ind.", "XX", ""]),
        (Column::PostalCode, &["46802-", "46802.0", "46802 1234"]),
        (Column::Country, &["USA", "United States", "U.S."]),
        (Column::Phone, &["260-555-0101 x12", "none", "555-0100"]),
        (Column::Email, &["none", "declined", "ada at example"]),
        (Column::Population, &["Y", "NULL"]),
        (Column::Language, &["Spanish", "tlh-?"]),
        (Column::ConfidentialCommunication, &["maybe", "N/A"]),
    ];
    let mut rows = 0;
    for (column, texts) in cells {
        for text in texts {
            rows += 1;
            let (person, _) = warned(|raw| put(raw, column, text));
            assert!(address::is_mailable(&person), "{column:?} {text:?}");
            let name = address::full_name(&person);
            assert!(
                !name.is_empty() && !name.contains("NULL") && !name.contains("  "),
                "{name}"
            );
        }
    }
    assert_eq!(rows, 58);
}

fn put(raw: &mut RawColumns, column: Column, text: &str) {
    match column {
        Column::GivenName => raw.given_name = text.into(),
        Column::MiddleName => raw.middle_name = text.into(),
        Column::FamilyName => raw.family_name = text.into(),
        Column::Suffix => raw.suffix = text.into(),
        Column::DateOfBirth => raw.date_of_birth = text.into(),
        Column::Ssn => raw.ssn = text.into(),
        Column::AddressLine2 => raw.address_line2 = text.into(),
        Column::Region => raw.region = text.into(),
        Column::PostalCode => raw.postal_code = text.into(),
        Column::Country => raw.country = text.into(),
        Column::Phone => raw.phone = text.into(),
        Column::Email => raw.email = text.into(),
        Column::Population => text.clone_into(&mut raw.population),
        Column::Language => text.clone_into(&mut raw.language),
        _ => text.clone_into(&mut raw.confidential),
    }
}
