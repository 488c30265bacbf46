use jiff::civil::date;
use proptest::prelude::*;

use crate::identity::matching::policy::{Decision, Policy};
use crate::identity::matching::waterfall::weight;

use super::*;

fn person() -> Person {
    Person {
        given_name: "William".into(),
        middle_name: Some("Henry".into()),
        family_name: "Smith-Jones".into(),
        date_of_birth: Some(date(1961, 3, 12)),
        ssn: Some("666012345".into()),
        postal_code: Some("46802-1234".into()),
        ..Person::default()
    }
}

fn claims(given: &str, family: &str, born: Date) -> Claims {
    Claims {
        given: fold::name(given),
        middle: Folded::default(),
        family: fold::family(family),
        born,
        ssn: None,
        postal: None,
    }
}

fn right() -> Claims {
    claims("William", "Smith-Jones", date(1961, 3, 12))
}

fn decide(claims: &Claims) -> Decision {
    Policy::default().decide(&compare(claims, &person()))
}

#[test]
fn names_and_birth_date_are_enough() {
    assert_eq!(decide(&right()), Decision::Accept);
    assert_eq!(
        decide(&claims("Bill", "smith jones", date(1961, 3, 12))),
        Decision::Accept
    );
    assert_eq!(
        decide(&claims("William", "Smith-Jones", date(1961, 12, 3))),
        Decision::Accept
    );
    assert_eq!(
        decide(&claims("Willaim", "Smith-Jones", date(1961, 3, 12))),
        Decision::Accept
    );
    assert_eq!(
        decide(&claims("William", "Jones", date(1961, 3, 12))),
        Decision::Accept
    );
    assert_eq!(
        decide(&claims("Smith-Jones", "William", date(1961, 3, 12))),
        Decision::Accept
    );
}

#[test]
fn a_stolen_envelope_is_not_enough() {
    let mut thief = claims("William", "Smith-Jones", date(1975, 6, 30));
    thief.middle = fold::name("Henry");
    thief.postal = Some(fold::postal("46802"));
    assert_eq!(decide(&thief), Decision::Refuse);
    thief.born = date(1961, 3, 13);
    assert_eq!(
        decide(&thief),
        Decision::Refuse,
        "one digit off must not show"
    );
    thief.ssn = ssn::parse_claimed("666-01-2346");
    assert_eq!(
        decide(&thief),
        Decision::Refuse,
        "nor two near misses at once"
    );
    let mut unknown = person();
    unknown.date_of_birth = None;
    assert_eq!(
        Policy::default().decide(&compare(&thief, &unknown)),
        Decision::Refuse,
        "the roster has no birth date: nor must that show"
    );
}

#[test]
fn a_wrong_birth_date_is_never_made_good() {
    let mut all_else = claims("William", "Smith-Jones", date(1975, 6, 30));
    all_else.middle = fold::name("Henry");
    all_else.postal = Some(fold::postal("46802"));
    all_else.ssn = ssn::parse_claimed("666-01-2345");
    assert_eq!(decide(&all_else), Decision::Refer);
}

#[test]
fn a_wrong_number_calls_for_a_person() {
    let mut wrong = right();
    wrong.ssn = ssn::parse_claimed("666-99-9999");
    assert_eq!(decide(&wrong), Decision::Refer);
    wrong.ssn = ssn::parse_claimed("9999");
    assert_eq!(decide(&wrong), Decision::Refer);
}

#[test]
fn a_move_or_a_marriage_does_not_lock_out() {
    let mut moved = right();
    moved.postal = Some(fold::postal("90210"));
    assert_eq!(decide(&moved), Decision::Accept);
    let mut married = claims("William", "Taylor", date(1961, 3, 12));
    assert_eq!(decide(&married), Decision::Refer);
    married.ssn = ssn::parse_claimed("666012345");
    assert_eq!(decide(&married), Decision::Accept);
}

#[test]
fn a_twin_is_looked_at() {
    let mut twin = claims("Robert", "Smith-Jones", date(1961, 3, 12));
    twin.postal = Some(fold::postal("46802"));
    assert_eq!(decide(&twin), Decision::Refer);
}

#[test]
fn a_stranger_is_refused() {
    assert_eq!(
        decide(&claims("Maria", "Garcia", date(1980, 1, 1))),
        Decision::Refuse
    );
    assert_eq!(
        decide(&claims("Maria", "Garcia", date(1961, 3, 12))),
        Decision::Refuse
    );
}

const LEVELS: [Level; 6] = [
    Level::Exact,
    Level::Close,
    Level::Nickname,
    Level::Transposed,
    Level::Missing,
    Level::Different,
];
const FIELDS: [Field; 6] = [
    Field::FamilyName,
    Field::GivenName,
    Field::MiddleName,
    Field::DateOfBirth,
    Field::Ssn,
    Field::PostalCode,
];

proptest! {
    #[test]
    fn every_combination_keeps_the_rules(levels in proptest::array::uniform6(0usize..6)) {
        let mut waterfall = Waterfall::default();
        for (field, level) in FIELDS.into_iter().zip(levels) {
            waterfall.add(field, LEVELS[level]);
        }
        let (born, number) = (LEVELS[levels[3]], LEVELS[levels[4]]);
        let decision = Policy::default().decide(&waterfall);
        let accepted = decision == Decision::Accept;
        prop_assert!(!(accepted && born == Level::Different));
        let proof = [born, number].iter().any(|level| matches!(level, Level::Exact | Level::Transposed));
        prop_assert!(proof || decision == Decision::Refuse);
    }

    #[test]
    fn the_envelope_stays_below_the_threshold(levels in proptest::array::uniform4(0usize..6)) {
        let fields = [Field::FamilyName, Field::GivenName, Field::MiddleName, Field::PostalCode];
        let score: i32 = fields.into_iter().zip(levels).map(|(field, level)| weight(field, LEVELS[level])).sum();
        prop_assert!(score < Policy::default().accept_centibits);
    }
}
