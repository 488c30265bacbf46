use super::label::{Kind, Relation, Role, slips};
use super::slip::Slip;
use super::*;
use crate::lab::people::shape::AS_OF;
use std::collections::{BTreeMap, BTreeSet};

fn roster(people: u64, seed: u64, without_ssn: bool) -> (Vec<u8>, Vec<Label>) {
    let shape = Shape {
        people,
        seed,
        as_of: AS_OF,
    };
    let mut out = Vec::new();
    let order = Order { shape, without_ssn };
    let labels = write(&order, &mut out, |_| ()).unwrap();
    (out, labels)
}

fn rows(bytes: &[u8]) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_reader(bytes);
    reader.records().map(Result::unwrap).collect()
}

/// Gives the places of the rows of each person.
fn by_person(labels: &[Label]) -> BTreeMap<u64, Vec<usize>> {
    let mut places: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (at, label) in labels.iter().enumerate() {
        places.entry(label.person).or_default().push(at);
    }
    places
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    assert_eq!(roster(3_000, 5, false), roster(3_000, 5, false));
    assert_ne!(roster(300, 5, false).0, roster(300, 6, false).0);
}

#[test]
fn every_row_has_a_label_and_everybody_has_a_row() {
    let (bytes, labels) = roster(3_000, 2, false);
    let rows = rows(&bytes);
    assert_eq!(rows.len(), labels.len());
    for (row, label) in rows.iter().zip(&labels) {
        assert_eq!(
            (&row[0], &row[1]),
            (label.external_ref.as_str(), label.covered_entity)
        );
    }
    let people = by_person(&labels);
    assert!(people.keys().copied().eq(0..3_000));
    let references: BTreeSet<&str> = labels.iter().map(|it| it.external_ref.as_str()).collect();
    assert_eq!(references.len(), labels.len());
    for places in people.values() {
        let clinics: BTreeSet<&str> = places.iter().map(|at| labels[*at].covered_entity).collect();
        assert_eq!(clinics.len(), places.len());
    }
}

#[test]
fn three_in_ten_are_listed_again_and_most_of_these_with_one_slip_at_most() {
    let (_, labels) = roster(20_000, 3, true);
    let people = by_person(&labels);
    let again = people.values().filter(|places| places.len() > 1).count();
    assert!((5_700..=6_300).contains(&again), "{again}");
    let few = |places: &&Vec<usize>| match places[..] {
        [a, b] => slips(&labels[a], &labels[b]).len() < 2,
        _ => false,
    };
    let few = people.values().filter(few).count();
    assert!(few * 100 > again * 70, "{few}");
}

#[test]
fn every_kind_and_every_relation_occurs() {
    let (_, labels) = roster(20_000, 1, false);
    let mut kinds = BTreeSet::new();
    for places in by_person(&labels).values() {
        for pair in places.windows(2) {
            kinds.insert(Kind::of(&labels[pair[0]], &labels[pair[1]]).name());
        }
    }
    assert_eq!(kinds.len(), 3 + 19, "{kinds:?}");
    let mut relations = BTreeSet::new();
    let mut of_household: BTreeMap<u64, Vec<&Label>> = BTreeMap::new();
    for label in &labels {
        of_household.entry(label.household).or_default().push(label);
    }
    for pair in of_household.values().flat_map(|rows| rows.windows(2)) {
        if pair[0].person != pair[1].person {
            relations.insert(Relation::of(pair[0], pair[1]));
        }
    }
    let fillers: Vec<&Label> = labels
        .iter()
        .filter(|label| label.slips.contains(&Slip::Filler))
        .collect();
    relations.insert(Relation::of(fillers[0], fillers[1]));
    assert_eq!(relations.len(), 5, "{relations:?}");
}

#[test]
fn a_row_without_a_slip_is_as_the_person_is() {
    let (bytes, labels) = roster(4_000, 4, false);
    let rows = rows(&bytes);
    // Names, suffix, and the address.
    let told = |at: usize| -> Vec<&str> { (2..6).chain(8..14).map(|it| &rows[at][it]).collect() };
    let number = |at: usize| rows[at][7].replace('-', "");
    let mut alike = 0;
    for places in by_person(&labels).values().filter(|it| it.len() == 2) {
        let (a, b) = (places[0], places[1]);
        if Kind::of(&labels[a], &labels[b]) == Kind::Alike {
            assert_eq!((told(a), number(a)), (told(b), number(b)));
            alike += 1;
        }
    }
    assert!(alike > 100, "{alike}");
}

#[test]
fn only_a_number_area_that_was_never_issued_appears() {
    for row in rows(&roster(10_000, 3, false).0) {
        let digits = row[7].replace('-', "");
        let is_of_the_area = digits.len() == 9 && digits.starts_with("666");
        assert!(digits.is_empty() || is_of_the_area, "{digits}");
    }
}

#[test]
fn without_numbers_the_column_is_empty_and_no_slip_is_of_them() {
    let (bytes, labels) = roster(3_000, 3, true);
    assert!(rows(&bytes).iter().all(|row| row[7].is_empty()));
    let slips = labels.iter().flat_map(|label| &label.slips);
    assert!(slips.into_iter().all(|slip| !slip.is_of_the_number()));
    let but_numbers = |bytes: &[u8]| -> Vec<Vec<String>> {
        let cells = |row: &csv::StringRecord| {
            let cells = row.iter().enumerate().filter(|(at, _)| *at != SSN);
            cells.map(|(_, cell)| cell.to_owned()).collect()
        };
        rows(bytes).iter().map(cells).collect()
    };
    let (with, _) = roster(3_000, 3, false);
    assert_eq!(but_numbers(&bytes), but_numbers(&with));
}

#[test]
fn twins_share_birth_date_and_family_name_and_have_two_given_names() {
    let (bytes, labels) = roster(20_000, 1, false);
    let rows = rows(&bytes);
    let mut pairs: BTreeMap<u64, BTreeMap<u64, usize>> = BTreeMap::new();
    for (at, label) in labels.iter().enumerate() {
        if label.role == Role::Twin
            && label
                .slips
                .iter()
                .all(|slip| *slip == Slip::NumberOfAnother)
        {
            let pair = pairs.entry(label.household).or_default();
            pair.entry(label.person).or_insert(at);
        }
    }
    let pairs: Vec<Vec<usize>> = pairs
        .values()
        .map(|pair| pair.values().copied().collect())
        .collect();
    let (mut seen, mut under_one_number) = (0, 0);
    for pair in pairs.iter().filter(|pair| pair.len() == 2) {
        let (a, b) = (&rows[pair[0]], &rows[pair[1]]);
        if a[1] == b[1] {
            assert_eq!((&a[4], &a[6]), (&b[4], &b[6]));
            assert_ne!(a[2], b[2]);
            seen += 1;
            let number = |row: &csv::StringRecord| row[7].replace('-', "");
            under_one_number += usize::from(number(a) == number(b));
        }
    }
    assert!(seen > 50 && under_one_number > 10 && under_one_number < seen);
}
