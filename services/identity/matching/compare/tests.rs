use jiff::civil::date;
use proptest::prelude::*;

use crate::identity::matching::policy::{Decision, Policy};
use crate::identity::matching::weights::Weights;

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
        decide(&claims("W.", "Smith-Jones", date(1961, 3, 12))),
        Decision::Accept
    );
    assert_eq!(
        decide(&claims("William", "Smiht-Jones", date(1961, 3, 12))),
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
    for near in [date(1961, 3, 13), date(1962, 3, 12), date(1961, 12, 3)] {
        all_else.born = near;
        assert_eq!(decide(&all_else), Decision::Refer, "{near}");
    }
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
    for number in ["2345", "666-01-2345"] {
        twin.ssn = ssn::parse_claimed(number);
        assert_eq!(decide(&twin), Decision::Refer);
    }
    let of_one_letter = claims("Willian", "Smith-Jones", date(1961, 3, 12));
    assert_eq!(decide(&of_one_letter), Decision::Refer);
}

#[test]
fn two_given_names_are_short_for_one_another_only_as_a_whole() {
    let level = |a: &str, b: &str| given_name(&fold::name(a), &fold::name(b));
    for (a, b) in [
        ("M.", "Maria Elena"),
        ("Maria", "Maria Elena"),
        ("Maria Elena", "Maria"),
    ] {
        assert_eq!(level(a, b), Level::Nickname, "{a} {b}");
    }
    assert_eq!(level("Bill Henry", "William Henry"), Level::Nickname);
    assert_eq!(level("Maria Luisa", "Maria Elena"), Level::Close);
    assert_eq!(level("Mary Ann", "Maria Elena"), Level::Different);
}

/// Who swaps the names in the form and mistypes one might be the twin.
#[test]
fn names_that_are_swapped_and_mistyped_are_not_quite_the_same() {
    let levels = |family: &str, given: &str| {
        let (family, given) = (fold::family(family), fold::name(given));
        let (smith, anna) = (fold::family("Smith"), fold::name("Anna"));
        names((&family, &given), (&smith, &anna))
    };
    assert_eq!(
        levels("Anna", "Smith"),
        (Level::Transposed, Level::Transposed)
    );
    assert_eq!(levels("Hanna", "Smith"), (Level::Transposed, Level::Close));
    assert_eq!(levels("Anna", "Smyth"), (Level::Transposed, Level::Close));
    assert_eq!(
        levels("Beth", "Smith"),
        (Level::Different, Level::Different)
    );
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
    /// What is counted by hand is what the textbook's distances say.
    #[test]
    fn words_are_near_as_edit_distance_and_jaro_winkler_say(a in "[abcü]{0,9}|[a-e]{4,12}", edits in proptest::collection::vec((0usize..12, "[a-eü]"), 0..4)) {
        let mut letters: Vec<char> = a.chars().collect();
        for (at, letter) in edits {
            let at = at.min(letters.len());
            match letter.as_str() {
                "a" if at < letters.len() => { letters.remove(at); }
                "b" if at + 1 < letters.len() => letters.swap(at, at + 1),
                letter => letters.insert(at, letter.chars().next().unwrap()),
            }
        }
        let b: String = letters.into_iter().collect();
        prop_assert_eq!(is_one_edit(&a, &b), strsim::osa_distance(&a, &b) <= 1);
        let long = a.chars().count().min(b.chars().count()) >= 4;
        prop_assert!(!long || most_alike(&a, &b) >= strsim::jaro_winkler(&a, &b));
        let near_by_the_book = strsim::jaro_winkler(&a, &b) >= 0.93 || strsim::osa_distance(&a, &b) <= 1;
        prop_assert_eq!(near(&a, &b), long && near_by_the_book);
    }

    #[test]
    fn every_combination_keeps_the_rules(levels in proptest::array::uniform6(0usize..6)) {
        let mut waterfall = Waterfall::default();
        for (field, level) in FIELDS.into_iter().zip(levels) {
            waterfall.add(field, LEVELS[level]);
        }
        let (born, number) = (LEVELS[levels[3]], LEVELS[levels[4]]);
        let decision = Policy::default().decide(&waterfall);
        let accepted = decision == Decision::Accept;
        let given = LEVELS[levels[1]];
        prop_assert!(!accepted || matches!(born, Level::Exact | Level::Missing));
        prop_assert!(!accepted || born == Level::Exact || number == Level::Exact);
        prop_assert!(!accepted || !matches!(given, Level::Different | Level::Close));
        prop_assert!(!accepted || number != Level::Different);
        let proof = [born, number].iter().any(|level| matches!(level, Level::Exact | Level::Transposed));
        prop_assert!(proof || decision == Decision::Refuse);
        for threshold in [-10_000, 0, 1_500, 10_000] {
            let policy = Policy { accept_centibits: threshold, refer_centibits: threshold };
            let by_letter = policy.decide_by_letter(&waterfall);
            prop_assert!(by_letter != Decision::Accept || waterfall.may_be_accepted());
            if born == Level::Exact || number == Level::Exact || (born == Level::Missing && number == Level::Missing) {
                prop_assert_ne!(by_letter, Decision::Refuse);
            }
        }
    }

    #[test]
    fn the_envelope_stays_below_the_threshold(levels in proptest::array::uniform4(0usize..6)) {
        let fields = [Field::FamilyName, Field::GivenName, Field::MiddleName, Field::PostalCode];
        let score: i32 = fields.into_iter().zip(levels).map(|(field, level)| Weights::built_in().deciding.of(field, LEVELS[level])).sum();
        prop_assert!(score < Policy::default().accept_centibits);
    }
}
