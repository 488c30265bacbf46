use jiff::civil::date;
use proptest::prelude::*;
use uuid::Uuid;

mod cells;
mod odd;

use super::*;
use crate::identity::roster::warning::Mend;
use crate::kernel::person::Text;

fn rules() -> Rules {
    let entity = CoveredEntityId::from_uuid(Uuid::from_u128(1));
    Rules {
        entities: HashMap::from([("clinic".to_owned(), entity)]),
        today: date(2015, 7, 17),
        sandbox_ssn: true,
        date_order: DateOrder::MonthFirst,
    }
}

fn good() -> RawColumns {
    RawColumns {
        external_ref: "MRN-1".into(),
        covered_entity: "clinic".to_owned(),
        given_name: " Ada ".into(),
        family_name: "O'Neill".into(),
        date_of_birth: "03/12/1961".into(),
        ssn: "666-01-2345".into(),
        address_line1: "12 Main St".into(),
        city: "Fort Wayne".into(),
        region: "in".into(),
        postal_code: "468021234".into(),
        phone: "(260) 555-0100".into(),
        email: "ada@example.org".into(),
        ..RawColumns::default()
    }
}

fn rejected(change: impl FnOnce(&mut RawColumns)) -> Reject {
    let mut raw = good();
    change(&mut raw);
    parse_row(&raw, &rules()).expect_err("the row is wrong")
}

#[test]
fn a_good_row_is_normalised() {
    let row = parse_row(&good(), &rules()).unwrap();
    assert_eq!(row.person.given_name.expose(), "Ada");
    assert_eq!(row.person.date_of_birth, Some(date(1961, 3, 12)));
    assert_eq!(row.person.ssn.unwrap().expose(), "666012345");
    assert_eq!(row.person.region.unwrap().expose(), "IN");
    assert_eq!(row.person.postal_code.unwrap().expose(), "46802-1234");
    assert_eq!(row.person.country.unwrap().expose(), "US");
    assert_eq!(row.person.phone.unwrap().expose(), "+12605550100");
    assert_eq!((row.population, row.stated), (Population::Adult, None));
}

#[test]
fn a_row_is_refused_only_where_it_does_not_say_who_is_meant() {
    use Cause::{DigitsLost, Missing, TooLong, UnknownEntity};
    let nameless = |r: &mut RawColumns| {
        r.given_name = "FNU".into();
        r.family_name = "---".into();
    };
    let cases: [(Reject, Column, Cause); 7] = [
        (
            rejected(|r| r.external_ref = " ".into()),
            Column::ExternalRef,
            Missing,
        ),
        (
            rejected(|r| r.external_ref = "N/A".into()),
            Column::ExternalRef,
            Missing,
        ),
        (
            rejected(|r| r.external_ref = "x".repeat(65).into()),
            Column::ExternalRef,
            TooLong,
        ),
        (
            rejected(|r| r.external_ref = "4.56E+08".into()),
            Column::ExternalRef,
            DigitsLost,
        ),
        (
            rejected(|r| r.covered_entity = String::new()),
            Column::CoveredEntity,
            Missing,
        ),
        (
            rejected(|r| r.covered_entity = "other".to_owned()),
            Column::CoveredEntity,
            UnknownEntity,
        ),
        (rejected(nameless), Column::GivenName, Missing),
    ];
    for (reject, column, cause) in cases {
        assert_eq!(reject, Reject::new(column, cause));
        assert!(reject.help().len() > 20);
    }
}

fn warned(change: impl FnOnce(&mut RawColumns)) -> (Person, Vec<Warning>) {
    let mut raw = good();
    change(&mut raw);
    let row = parse_row(&raw, &rules()).expect("the row is taken");
    (row.person, row.warnings)
}

#[test]
fn the_birth_date_makes_a_minor_unless_the_column_says_otherwise() {
    let population = |born: &str, column: &str| {
        let mut raw = good();
        raw.date_of_birth = born.into();
        raw.population = column.to_owned();
        parse_row(&raw, &rules()).unwrap().population
    };
    assert_eq!(population("2005-01-01", ""), Population::Minor);
    assert_eq!(population("2005-01-01", "Adult"), Population::Adult);
    assert_eq!(population("1961-01-01", "MINOR"), Population::Minor);
    assert_eq!(population("", "deceased"), Population::Deceased);
    assert_eq!(population("", ""), Population::Adult);
}

#[test]
fn a_row_may_say_its_language() {
    let language = |column: &str| {
        let mut raw = good();
        raw.language = column.to_owned();
        let language = parse_row(&raw, &rules()).unwrap().person.language;
        language.map(|tag| tag.as_str().to_owned())
    };
    assert_eq!(language(" ES ").as_deref(), Some("es"));
    assert_eq!(language("zh-hant").as_deref(), Some("zh-Hant"));
    assert_eq!(language(" "), None);
}

#[test]
fn cells_hold_lists_of_values_each_once() {
    let mut raw = good();
    raw.phone = "(260) 555-0100; 260-555-0101;; +12605550100".into();
    raw.email = "ada@example.org;ada@Example.ORG;a.l@example.org".into();
    raw.prior_names = "Ada Byron; ".into();
    raw.data_elements = "SSN; tattoos".into();
    raw.confidential = "Yes".to_owned();
    let person = parse_row(&raw, &rules()).unwrap().person;
    let shown = |texts: Vec<&Text>| -> Vec<String> {
        texts.iter().map(|text| text.expose().clone()).collect()
    };
    assert_eq!(
        shown(person.phones().collect()),
        ["+12605550100", "+12605550101"]
    );
    assert_eq!(
        shown(person.emails().collect()),
        ["ada@example.org", "a.l@example.org"]
    );
    assert_eq!(shown(person.prior_names.iter().collect()), ["Ada Byron"]);
    assert_eq!(
        shown(person.data_elements.iter().collect()),
        ["SSN", "tattoos"]
    );
    assert!(person.confidential);
}

#[test]
fn an_address_by_itself_follows_the_rules_of_a_row() {
    let place = parse_address(&good()).unwrap();
    let row = parse_row(&good(), &rules()).unwrap().person;
    assert_eq!(address::address_lines(&place), address::address_lines(&row));
    assert!(place.given_name.expose().is_empty() && place.phone.is_none());
}

#[test]
fn the_sandbox_area_passes_only_in_the_sandbox() {
    let live = Rules {
        sandbox_ssn: false,
        ..rules()
    };
    let row = parse_row(&good(), &live).unwrap();
    assert!(row.person.ssn.is_none());
    assert_eq!(
        row.warnings,
        [Warning::left_out(Column::Ssn, Cause::SsnNeverIssued)]
    );
}

#[test]
fn a_foreign_row_keeps_its_postal_code() {
    let mut raw = good();
    raw.country = "ca".into();
    raw.postal_code = "K1A 0B1".into();
    let person = parse_row(&raw, &rules()).unwrap().person;
    assert_eq!(person.postal_code.unwrap().expose(), "K1A 0B1");
    assert_eq!(person.country.unwrap().expose(), "CA");
}

proptest! {
    #[test]
    fn no_text_breaks_the_parser(text in "\\PC{0,90}") {
        let mut raw = good();
        raw.given_name = text.as_str().into();
        raw.ssn = text.as_str().into();
        raw.date_of_birth = text.as_str().into();
        raw.email = text.as_str().into();
        let _ = parse_row(&raw, &rules());
    }
}
