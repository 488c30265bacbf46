use jiff::ToSpan;
use jiff::civil::date;

use super::*;
use crate::kernel::person::Person;

/// People of invented names, each listed twice; every fifth time the given name is another form, every tenth time the number is another.
fn sample() -> Vec<Record> {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut below = |limit: u32| random.next_u32() % limit;
    let mut records = Vec::new();
    for number in 0..600_u32 {
        let family: String = (0..3)
            .map(|_| ["ba", "ko", "lin", "mar", "so", "tu"][below(6) as usize])
            .collect();
        let given = [
            "Robert",
            "William",
            "Katherine",
            "Margaret",
            "Susan",
            "Anthony",
        ];
        let person = Person {
            given_name: given[below(6) as usize].into(),
            family_name: family.as_str().into(),
            date_of_birth: Some(date(1950, 1, 1) + i64::from(below(15_000)).days()),
            ssn: Some(format!("{:09}", 100_000_000 + number * 7_919).into()),
            ..Person::default()
        };
        let mut again = person.clone();
        if number % 5 == 0 {
            let short = ["Bob", "Bill", "Kate", "Peggy", "Sue", "Tony"];
            let at = given
                .iter()
                .position(|one| one == person.given_name.expose());
            again.given_name = short[at.unwrap()].into();
        }
        if number % 10 == 0 {
            again.ssn = Some(format!("{:09}", 200_000_000 + number * 104_729).into());
        }
        records.extend([Record::of(&person), Record::of(&again)]);
    }
    records
}

fn draw(seed: u64) -> Draw {
    let pairs = 100_000;
    Draw { seed, pairs }
}

#[test]
fn the_chances_of_a_sample_are_found_without_labels() {
    let trained = train(&sample(), draw(1));
    let chances = |field, level| {
        trained
            .weights
            .resolving
            .get(field, level)
            .estimate
            .unwrap()
    };
    for (field, level, expected) in [
        (Field::GivenName, Level::Nickname, 0.2),
        (Field::GivenName, Level::Exact, 0.8),
        (Field::Ssn, Level::Exact, 0.9),
        (Field::FamilyName, Level::Exact, 1.0),
    ] {
        let (m, u) = chances(field, level);
        assert!((m - expected).abs() < 0.05, "{field:?} {level:?}: {m}");
        assert!(u < m / 2.0, "{field:?} {level:?}: {u}");
    }
    let (_, by_chance) = chances(Field::GivenName, Level::Exact);
    let expected = (0.9_f64.powi(2) + 0.1_f64.powi(2)) / 6.0;
    assert!((by_chance - expected).abs() < 0.01, "{by_chance}");
    let weight = |field, level| trained.weights.resolving.of(field, level);
    assert!(weight(Field::Ssn, Level::Exact) > 1_500);
    assert!(weight(Field::Ssn, Level::Different) < -200);
    assert!(weight(Field::DateOfBirth, Level::Exact) > 1_000);
}

#[test]
fn what_the_sample_does_not_have_keeps_its_weight() {
    let trained = train(&sample(), draw(1)).weights;
    let built_in = Weights::built_in();
    assert_eq!(trained.deciding, built_in.deciding);
    for field in [Field::Street, Field::Contact, Field::SsnLastFour] {
        for level in field.levels() {
            let before = built_in.resolving.get(field, *level);
            assert_eq!(trained.resolving.get(field, *level), before);
        }
    }
    assert_eq!(train(&[], draw(1)).weights, *built_in);
}

#[test]
fn the_same_sample_and_seed_give_the_same_weights() {
    let sample = sample();
    let first = train(&sample, draw(3));
    assert_eq!(first.random_pairs, draw(3).pairs);
    assert_eq!(first.weights, train(&sample, draw(3)).weights);
    assert_ne!(first.weights, train(&sample, draw(4)).weights);
}
