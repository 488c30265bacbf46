use jiff::civil::date;
use proptest::prelude::*;

use crate::kernel::person::Person;

use super::Resolution::{Different, Doubtful, Same};
use super::*;

mod in_doubt;

fn ada() -> Person {
    Person {
        given_name: "Katherine".into(),
        family_name: "Neill".into(),
        date_of_birth: Some(date(1961, 3, 12)),
        ssn: Some("666012345".into()),
        address_lines: vec!["12 Main St".into()],
        postal_code: Some("46802".into()),
        phone: Some("+12605550110".into()),
        ..Person::default()
    }
}

fn with(change: impl FnOnce(&mut Person)) -> Person {
    let mut person = ada();
    change(&mut person);
    person
}

/// Of a roster as large as the field has them.
const PEOPLE: u64 = 4_000_000;

fn told(a: &Person, b: &Person) -> Resolution {
    let (a, b) = (Record::of(a), Record::of(b));
    let (there, back) = (resolve(&a, &b, PEOPLE), resolve(&b, &a, PEOPLE));
    assert_eq!(there, back, "the order makes no difference");
    there.0
}

fn moved(person: &mut Person) {
    person.address_lines = vec!["9 New Ave".into()];
    person.postal_code = Some("47401".into());
    person.phone = None;
}

#[test]
fn one_person_in_two_files_is_one() {
    for (what, other) in [
        ("the same", ada()),
        ("moved", with(moved)),
        ("a nickname", with(|p| p.given_name = "Kate".into())),
        (
            "a slip in the family name",
            with(|p| p.family_name = "Neil".into()),
        ),
        ("no number", with(|p| p.ssn = None)),
        (
            "the guarantor's number in one of the lists",
            with(|p| p.ssn = Some("666019999".into())),
        ),
        (
            "no number, moved, the telephone kept",
            with(|p| {
                let phone = p.phone.clone();
                moved(p);
                (p.ssn, p.phone) = (None, phone);
            }),
        ),
        (
            "the address written otherwise",
            with(|p| {
                p.ssn = None;
                p.phone = None;
                p.address_lines = vec!["12 MAIN STREET".into()];
            }),
        ),
        (
            "married, in the same house",
            with(|p| p.family_name = "Byron".into()),
        ),
        (
            "day and month swapped",
            with(|p| p.date_of_birth = Some(date(1961, 12, 3))),
        ),
        (
            "one digit of the number",
            with(|p| p.ssn = Some("666012354".into())),
        ),
        (
            "the names swapped",
            with(|p| std::mem::swap(&mut p.given_name, &mut p.family_name)),
        ),
    ] {
        assert_eq!(told(&ada(), &other), Same, "{what}");
    }
}

#[test]
fn one_person_with_a_middle_name_is_one() {
    let middle = |p: &mut Person| p.middle_name = Some("Ann".into());
    for (what, other) in [
        (
            "a given name that nobody has",
            with(|p| p.given_name = "Kathetine".into()),
        ),
        (
            "a given name that nobody has, under a relative's number",
            with(|p| {
                p.given_name = "Kathetine".into();
                p.ssn = Some("666019999".into());
            }),
        ),
        (
            "a nickname that is no shorter",
            with(|p| p.given_name = "Kit".into()),
        ),
        (
            "no number, one digit of the birth date",
            with(|p| {
                p.ssn = None;
                p.date_of_birth = Some(date(1961, 3, 13));
            }),
        ),
        (
            "moved, one digit of the number",
            with(|p| {
                moved(p);
                p.ssn = Some("666012346".into());
            }),
        ),
        (
            "a slip in the family name under a relative's number",
            with(|p| {
                p.family_name = "Neil".into();
                p.ssn = Some("666019999".into());
            }),
        ),
    ] {
        let (mut one, mut other) = (ada(), other);
        middle(&mut one);
        middle(&mut other);
        assert_eq!(told(&one, &other), Same, "{what}");
    }
}

/// Liam is short for William, and what many boys are called: twins of these names stand in one list, one of them without a number.
#[test]
fn a_short_form_that_many_are_given_is_never_surely_one_person() {
    let twin = |given: &str, ssn: Option<&str>| {
        with(|p| {
            p.given_name = given.into();
            p.date_of_birth = Some(date(2022, 8, 5));
            p.ssn = ssn.map(Into::into);
        })
    };
    let liam = twin("Liam", Some("666012346"));
    for ssn in [None, Some("666012346")] {
        assert_eq!(told(&twin("William", ssn), &liam), Doubtful, "{ssn:?}");
    }
    assert_eq!(told(&twin("Bill", None), &twin("William", None)), Same);
}

/// A hospital lists twins before they have names.
#[test]
fn newborns_without_a_name_are_never_one() {
    let baby = |given: &str| {
        with(|p| {
            p.given_name = given.into();
            p.ssn = None;
        })
    };
    for (a, b) in [
        ("Baby Boy", "Baby Boy"),
        ("BABY", "Baby Girl"),
        ("Newborn", "Newborn"),
    ] {
        assert_eq!(told(&baby(a), &baby(b)), Doubtful, "{a}, {b}");
    }
}

#[test]
fn further_names_may_stand_in_either_column() {
    let named = |given: &str, middle: Option<&str>| {
        with(|p| {
            p.given_name = given.into();
            p.middle_name = middle.map(Into::into);
        })
    };
    let whole = named("Mary Ann", None);
    assert_eq!(told(&whole, &named("Mary", Some("Ann"))), Same);
    assert_eq!(told(&whole, &named("Mary", Some("A"))), Same);
    assert_eq!(told(&whole, &named("Mary", Some("Beth"))), Doubtful);
    assert_eq!(
        told(&whole, &named("Mary", None)),
        Doubtful,
        "either sister"
    );
}

#[test]
fn those_who_share_much_are_two_people() {
    let spouse = |p: &mut Person| {
        p.given_name = "Gregor".into();
        p.date_of_birth = Some(date(1963, 7, 1));
    };
    for (what, other) in [
        ("a spouse under the subscriber's number", with(spouse)),
        (
            "a twin",
            with(|p| {
                p.given_name = "Beatrix".into();
                p.ssn = Some("666019999".into());
            }),
        ),
        (
            "a twin whose name is a letter apart",
            with(|p| {
                p.given_name = "Katharine".into();
                p.ssn = Some("666019999".into());
            }),
        ),
        (
            "a twin without a number",
            with(|p| {
                p.given_name = "Beatrix".into();
                p.ssn = None;
            }),
        ),
        (
            "a stranger with the same filler number and birth date",
            with(|p| {
                moved(p);
                p.given_name = "Nurjahan".into();
                p.family_name = "Karimzai".into();
            }),
        ),
        (
            "a stranger with the same filler",
            with(|p| {
                *p = Person {
                    given_name: "Nurjahan".into(),
                    family_name: "Karimzai".into(),
                    date_of_birth: p.date_of_birth,
                    ssn: p.ssn.clone(),
                    ..Person::default()
                };
                moved(p);
                p.date_of_birth = Some(date(1980, 1, 1));
            }),
        ),
        (
            "a namesake with a number and a birth date of their own",
            with(|p| {
                moved(p);
                p.ssn = Some("666019999".into());
                p.date_of_birth = Some(date(1974, 8, 30));
            }),
        ),
        (
            "a namesake in the same town",
            with(|p| {
                moved(p);
                p.postal_code = Some("46802".into());
                (p.ssn, p.date_of_birth) = (None, None);
            }),
        ),
        (
            "father and son",
            with(|p| {
                p.suffix = Some("Jr".into());
                p.date_of_birth = Some(date(1989, 8, 8));
                p.ssn = Some("666019999".into());
            }),
        ),
    ] {
        let first = with(|p| p.suffix = Some("Sr".into()));
        assert_eq!(told(&first, &other), Different, "{what}");
    }
}

#[test]
fn a_name_that_the_person_had_before_is_theirs() {
    let married = with(|p| {
        moved(p);
        p.family_name = "Byron".into();
        p.prior_names = vec!["Katherine Neill".into()];
    });
    assert_eq!(told(&ada(), &married), Same);
}

#[test]
fn the_levels_tell_what_agreed() {
    let (_, waterfall) = resolve(&Record::of(&ada()), &Record::of(&with(moved)), PEOPLE);
    let level = |field| waterfall.level(field);
    assert_eq!(level(Field::Ssn), Level::Exact);
    assert_eq!(level(Field::Street), Level::Different);
    assert_eq!(level(Field::Contact), Level::Missing);
    let home: i32 = resolve(&Record::of(&ada()), &Record::of(&ada()), PEOPLE)
        .1
        .0
        .iter()
        .filter(|one| {
            matches!(
                one.field,
                Field::Street | Field::PostalCode | Field::Contact
            )
        })
        .map(|one| one.weight)
        .sum();
    assert_eq!(home, HOUSEHOLD);
}

#[test]
fn a_rare_name_weighs_more_than_a_common_one_and_changes_no_decision() {
    let both = |given: &str, family: &str| {
        let one = with(|p| {
            p.given_name = given.into();
            p.family_name = family.into();
            (p.ssn, p.date_of_birth) = (None, Some(date(1961, 3, 12)));
        });
        let other = with(|p| {
            moved(p);
            p.given_name = given.into();
            p.family_name = family.into();
            p.ssn = None;
        });
        resolve(&Record::of(&one), &Record::of(&other), PEOPLE)
    };
    let (common, rare) = (both("James", "Smith"), both("Wilhelmina", "Wojciechowski"));
    assert_eq!((common.0, rare.0), (Doubtful, Doubtful));
    let typical = |field| Weights::built_in().resolving.of(field, Level::Exact);
    for (at, field) in [Field::FamilyName, Field::GivenName]
        .into_iter()
        .enumerate()
    {
        let [common, rare] = [&common.1, &rare.1].map(|waterfall| waterfall.0[at]);
        assert_eq!((common.field, rare.field), (field, field));
        assert!(common.weight < typical(field) && typical(field) < rare.weight);
    }
}

#[test]
fn the_more_people_a_roster_has_the_more_two_records_must_agree_in() {
    let limits = [1, 10_000, 1_000_000, PEOPLE, u64::MAX].map(worth_a_look);
    assert_eq!(limits, [1_650, 1_650, 2_250, 2_450, 6_650]);
    let neighbor = with(|p| {
        moved(p);
        p.postal_code = Some("46802".into());
        (p.ssn, p.date_of_birth) = (None, None);
    });
    let (one, other) = (Record::of(&ada()), Record::of(&neighbor));
    assert_eq!(resolve(&one, &other, 10_000).0, Doubtful);
    assert_eq!(resolve(&one, &other, PEOPLE).0, Different);
}

proptest! {
    /// Whatever else agrees, two given names of two people never become one person, nor do two suffixes or two birth years.
    #[test]
    fn what_tells_relatives_apart_is_never_outvoted(
        given in prop::sample::select(vec!["Gregor", "Beatrix", "Katharine", "Kathleen"]),
        shares in prop::array::uniform4(any::<bool>()),
    ) {
        let [number, born, family, house] = shares;
        let mut other = ada();
        if !number { other.ssn = Some("666019999".into()); }
        if !born { other.date_of_birth = Some(date(1991, 3, 12)); }
        if !family { other.family_name = "Byron".into(); }
        if !house { moved(&mut other); }
        let twin = Person { given_name: given.into(), ..other.clone() };
        prop_assert_ne!(told(&ada(), &twin), Same);
        let elder = with(|p| p.suffix = Some("Sr".into()));
        let younger = Person { suffix: Some("Jr".into()), ..other.clone() };
        prop_assert_ne!(told(&elder, &younger), Same);
        if !born {
            prop_assert_ne!(told(&ada(), &other), Same);
        }
    }
}
