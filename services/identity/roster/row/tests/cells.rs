//! Cells as people and spreadsheet programs write them.

use jiff::civil::date;

use super::*;

#[test]
fn a_cell_that_cannot_be_read_is_left_out_with_a_warning() {
    use Cause::{
        DigitsLost, ImplausibleDate, Malformed, NoValue, SsnNeverIssued, TooLong, UnknownCountry,
        UnknownRegion,
    };
    type Change = fn(&mut RawColumns);
    let cases: [(Change, Column, Cause); 24] = [
        (
            |r| r.given_name = "---x".repeat(30).into(),
            Column::GivenName,
            TooLong,
        ),
        (
            |r| r.family_name = "NULL".into(),
            Column::FamilyName,
            NoValue,
        ),
        (
            |r| r.date_of_birth = "1961-13-01".into(),
            Column::DateOfBirth,
            Malformed,
        ),
        (
            |r| r.date_of_birth = "1961".into(),
            Column::DateOfBirth,
            Malformed,
        ),
        (
            |r| r.date_of_birth = "2.2352E+04".into(),
            Column::DateOfBirth,
            DigitsLost,
        ),
        (
            |r| r.date_of_birth = "2015-07-18".into(),
            Column::DateOfBirth,
            ImplausibleDate,
        ),
        (
            |r| r.date_of_birth = "1880-07-18".into(),
            Column::DateOfBirth,
            ImplausibleDate,
        ),
        (|r| r.ssn = "12345".into(), Column::Ssn, Malformed),
        (|r| r.ssn = "4.56E+08".into(), Column::Ssn, DigitsLost),
        (|r| r.ssn = "***-**-1234".into(), Column::Ssn, Malformed),
        (
            |r| r.ssn = "000-12-3456".into(),
            Column::Ssn,
            SsnNeverIssued,
        ),
        (
            |r| r.ssn = "912-70-1234".into(),
            Column::Ssn,
            SsnNeverIssued,
        ),
        (
            |r| r.postal_code = "4680".into(),
            Column::PostalCode,
            Malformed,
        ),
        (
            |r| r.postal_code = "ABCDE".into(),
            Column::PostalCode,
            Malformed,
        ),
        (
            |r| r.country = "Atlantis".into(),
            Column::Country,
            UnknownCountry,
        ),
        (
            |r| {
                r.region = "Indianna".into();
                r.postal_code = "".into();
            },
            Column::Region,
            UnknownRegion,
        ),
        (|r| r.phone = "call me".into(), Column::Phone, Malformed),
        (
            |r| r.phone = "2.60556E+09".into(),
            Column::Phone,
            DigitsLost,
        ),
        (|r| r.email = "ada".into(), Column::Email, Malformed),
        (
            |r| r.population = "alien".to_owned(),
            Column::Population,
            Malformed,
        ),
        (
            |r| r.language = "klingon!".to_owned(),
            Column::Language,
            Malformed,
        ),
        (
            |r| r.prior_names = "x".repeat(1_001).into(),
            Column::PriorNames,
            TooLong,
        ),
        (
            |r| r.confidential = "maybe".to_owned(),
            Column::ConfidentialCommunication,
            Malformed,
        ),
        (|r| r.city = "x".repeat(61).into(), Column::City, TooLong),
    ];
    for (change, column, cause) in cases {
        let (_, warnings) = warned(change);
        assert_eq!(warnings.first(), Some(&Warning::left_out(column, cause)));
        assert!(warnings[0].help().len() > 20);
    }
}

#[test]
fn what_a_spreadsheet_program_spoiled_is_mended_with_a_warning() {
    use crate::kernel::dates::Mended;
    let born = |text: &str| {
        let (person, warnings) = warned(|r| r.date_of_birth = text.into());
        assert_eq!(person.date_of_birth, Some(date(1961, 3, 12)), "{text}");
        warnings[0].what
    };
    let mended = |mend| What::Mended(mend);
    assert_eq!(born("22352"), mended(Mend::Date(Mended::SerialDay)));
    assert_eq!(born("19610312"), mended(Mend::Date(Mended::Digits)));
    assert_eq!(
        born("1961-03-12 00:00:00"),
        mended(Mend::Date(Mended::TimeOfDay))
    );
    assert_eq!(born("3/12/61"), mended(Mend::Date(Mended::Century)));
    assert_eq!(born("=\"1961-03-12\""), mended(Mend::Formula));
    let ssn = |text: &str| {
        let (person, warnings) = warned(|r| r.ssn = text.into());
        (
            person.ssn.unwrap().expose().clone(),
            warnings.first().map(|warning| warning.what),
        )
    };
    assert_eq!(
        ssn("66012345"),
        ("066012345".to_owned(), Some(mended(Mend::LostZeros)))
    );
    assert_eq!(
        ssn("1012345"),
        ("001012345".to_owned(), Some(mended(Mend::LostZeros)))
    );
    assert_eq!(
        ssn("'666012345"),
        ("666012345".to_owned(), Some(mended(Mend::Apostrophe)))
    );
    assert_eq!(ssn("666012345.0"), ("666012345".to_owned(), None));
    let (person, warnings) = warned(|r| {
        r.region = "Mass.".into();
        r.postal_code = "2134".into();
    });
    assert_eq!(person.postal_code.unwrap().expose(), "02134");
    assert_eq!(person.region.unwrap().expose(), "MA");
    assert_eq!(
        warnings,
        [Warning::mended(Column::PostalCode, Mend::LostZeros)]
    );
    let (person, warnings) = warned(|r| r.region = "Indianna".into());
    assert_eq!(person.region.as_ref().unwrap().expose(), "IN");
    assert!(address::is_mailable(&person));
    assert_eq!(
        warnings,
        [Warning::mended(Column::Region, Mend::RegionOfZip)]
    );
}

#[test]
fn fillers_are_no_value_and_no_warning() {
    let (person, warnings) = warned(|r| {
        r.middle_name = "NMN".into();
        r.suffix = "N/A".into();
        r.date_of_birth = "01/01/1900".into();
        r.ssn = "999-99-9999".into();
        r.address_line2 = "NULL".into();
        r.phone = "000-000-0000; (999) 999-9999".into();
        r.email = "noemail@noemail.com; none; declined".into();
        r.population = "-".to_owned();
        r.language = "unknown".to_owned();
    });
    assert_eq!(warnings, []);
    assert!(
        person.middle_name.is_none() && person.suffix.is_none() && person.date_of_birth.is_none()
    );
    assert!(person.ssn.is_none() && person.phone.is_none() && person.email.is_none());
    assert_eq!(
        address::address_lines(&person),
        ["12 Main St", "Fort Wayne IN 46802-1234"]
    );
    for filler in [
        "111-11-1111",
        "123-45-6789",
        "000-00-0000",
        "NULL",
        "none",
        "N/A",
    ] {
        let (person, warnings) = warned(|r| r.ssn = filler.into());
        assert!(person.ssn.is_none() && warnings.is_empty(), "{filler}");
    }
    let (person, warnings) = warned(|r| r.postal_code = "00000".into());
    assert!(person.postal_code.is_none());
    assert_eq!(warnings[0].what, What::Undeliverable);
}

#[test]
fn somebody_with_one_name_is_a_person() {
    for (given, family, printed) in [
        ("Madonna", "", "Madonna"),
        ("", "Suharto", "Suharto"),
        ("FNU", "Suharto", "Suharto"),
        ("Prince", "LNU", "Prince"),
        ("YOUNG", "NA", "YOUNG NA"),
        ("Jennifer", "Null", "Jennifer Null"),
        ("Alba", "NULL", "Alba"),
    ] {
        let (person, _) = warned(|r| {
            r.given_name = given.into();
            r.family_name = family.into();
        });
        assert_eq!(address::full_name(&person), printed);
        assert!(!person.family_name.expose().is_empty());
    }
}

#[test]
fn contacts_are_read_one_by_one() {
    let phones = |text: &str| {
        let (person, warnings) = warned(|r| r.phone = text.into());
        let phones: Vec<String> = person
            .phones()
            .map(|phone| phone.expose().clone())
            .collect();
        (
            phones.join(" "),
            warnings.first().map(|warning| warning.what),
        )
    };
    let beside = Some(What::Mended(Mend::BesideNumber));
    let left_out = Some(What::LeftOut(Cause::Malformed));
    assert_eq!(
        phones("260-555-0101 x12"),
        ("+12605550101".to_owned(), beside)
    );
    assert_eq!(
        phones("260-555-0101 ext. 12"),
        ("+12605550101".to_owned(), beside)
    );
    assert_eq!(
        phones("260-555-0102 (cell)"),
        ("+12605550102".to_owned(), beside)
    );
    assert_eq!(
        phones("260-555-0103; 260-555-0104"),
        ("+12605550103 +12605550104".to_owned(), None)
    );
    assert_eq!(
        phones("260-555-0103 / 260-555-0104"),
        ("+12605550103 +12605550104".to_owned(), None)
    );
    assert_eq!(
        phones("260-555-0100; call me"),
        ("+12605550100".to_owned(), left_out)
    );
    let (person, warnings) = warned(|r| r.email = "a@example.org;b@example.org, nobody".into());
    assert_eq!(person.emails().count(), 2);
    assert_eq!(warnings.first(), None, "nobody is a word for none");
}

#[test]
fn places_are_read_by_name_and_territories_are_at_home() {
    let place = |region: &str, code: &str, country: &str| {
        let (person, warnings) = warned(|r| {
            r.region = region.into();
            r.postal_code = code.into();
            r.country = country.into();
        });
        let text = |text: &Option<Text>| {
            text.as_ref()
                .map(|text| text.expose().clone())
                .unwrap_or_default()
        };
        (
            text(&person.region),
            text(&person.country),
            address::is_mailable(&person),
            warnings.len(),
        )
    };
    let told = |region: &str, country: &str, mailable, warnings| {
        (region.to_owned(), country.to_owned(), mailable, warnings)
    };
    assert_eq!(place("Indiana", "46802", "USA"), told("IN", "US", true, 0));
    assert_eq!(place("Puerto Rico", "00901", ""), told("PR", "US", true, 0));
    assert_eq!(place("", "00901", "PR"), told("PR", "US", true, 0));
    assert_eq!(place("GU", "96910", "GU"), told("GU", "US", true, 0));
    assert_eq!(place("AE", "09012", ""), told("AE", "US", true, 0));
    assert_eq!(place("ON", "M5V 3L9", ""), told("ON", "CA", true, 1));
    assert_eq!(place("", "10115", "Germany"), told("", "DE", true, 0));
    assert_eq!(place("", "1", "XX"), told("", "ZZ", false, 2));
    assert_eq!(place("IN", "46802", "NA"), told("IN", "US", true, 0));
    assert_eq!(place("Khomas", "10005", "NA").1, "US");
    assert_eq!(place("Khomas", "", "NA").1, "NA");
}

#[test]
fn day_first_is_the_files_order() {
    let day_first = Rules {
        date_order: DateOrder::DayFirst,
        ..rules()
    };
    let mut raw = good();
    raw.date_of_birth = "03/12/1961".into();
    let row = parse_row(&raw, &day_first).unwrap();
    assert_eq!(
        (row.person.date_of_birth, row.warnings.len()),
        (Some(date(1961, 12, 3)), 0)
    );
    raw.date_of_birth = "03/13/1961".into();
    let row = parse_row(&raw, &day_first).unwrap();
    assert_eq!(
        (row.person.date_of_birth, row.warnings.len()),
        (Some(date(1961, 3, 13)), 1)
    );
}
