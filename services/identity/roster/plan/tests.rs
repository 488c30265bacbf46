use jiff::civil::date;

use crate::identity::matching::blind::Indexer;
use crate::identity::matching::keys::KeyOf;
use crate::identity::roster::keys::RosterKeys;
use crate::identity::roster::known::Stored;
use crate::identity::roster::prepare::prepare;
use crate::identity::roster::row::{RawColumns, RawRow, Rules};
use crate::kernel::clock::{Clock, Timestamp};
use crate::kernel::crypto::Key;
use crate::kernel::dates::DateOrder;
use crate::kernel::ids::{CampaignId, Ids};
use crate::kernel::person_sealer::PersonSealer;

use super::*;
use crate::identity::roster::count::HEADER;

const CAMPAIGN: CampaignId = CampaignId::from_uuid(Uuid::from_u128(9));

pub fn keys(index: &[u8]) -> RosterKeys {
    RosterKeys {
        sealer: PersonSealer::new(CAMPAIGN, Key::from_bytes([1; 32])),
        key_version: 1,
        indexers: index
            .iter()
            .map(|seed| Indexer::new(CAMPAIGN, &Key::from_bytes([*seed; 32])))
            .collect(),
    }
}

pub fn rules() -> Rules {
    let entity = |id| CoveredEntityId::from_uuid(Uuid::from_u128(id));
    Rules {
        entities: HashMap::from([("one".to_owned(), entity(1)), ("two".to_owned(), entity(2))]),
        today: date(2015, 7, 17),
        sandbox_ssn: true,
        date_order: DateOrder::MonthFirst,
    }
}

pub fn row(line: i64, entity: &str, reference: &str, given: &str, born: &str, ssn: &str) -> RawRow {
    RawRow {
        line,
        columns: RawColumns {
            covered_entity: entity.to_owned(),
            external_ref: reference.into(),
            given_name: given.into(),
            family_name: "Neill".into(),
            date_of_birth: born.into(),
            ssn: ssn.into(),
            ..RawColumns::default()
        },
    }
}

pub fn ids() -> Ids {
    Ids::seeded(Clock::manual(Timestamp::EPOCH).0, 1)
}

fn judged(rows: &[RawRow], index: &[u8]) -> Vec<Judged> {
    let (rules, keys, ids) = (rules(), keys(index), ids());
    let prepare = |row| prepare(row, &rules, &keys, &ids);
    rows.iter().map(prepare).collect()
}

fn plan<'b>(batch: &'b [Judged], known: &'b Known, durable_line: i64) -> Plan<'b> {
    super::plan(batch, known, (durable_line, date(2015, 7, 17)))
}

fn outcomes(rows: &[RawRow]) -> Vec<Outcome> {
    plan(&judged(rows, &[3]), &Known::default(), HEADER).outcomes
}

fn listed(link: &Link) -> Listed {
    Listed {
        content: link.macs.content,
        individual: link.individual,
    }
}

const CONFLICT: Outcome = Outcome::Rejected(Reject::new(Column::ExternalRef, Cause::RefConflict));

/// What became of rows, without of whom.
fn words(rows: &[RawRow]) -> Vec<&'static str> {
    let word = |outcome: Outcome| match outcome {
        Outcome::Accepted => "accepted",
        Outcome::Doubtful(..) => "doubtful",
        Outcome::Merged(_) => "merged",
        Outcome::Corrected => "corrected",
        Outcome::Unchanged => "unchanged",
        Outcome::Rejected(_) => "rejected",
    };
    outcomes(rows).into_iter().map(word).collect()
}

#[test]
fn duplicates_inside_a_batch_are_seen() {
    let first = row(2, "one", "A", "Ada", "1961-03-12", "666-01-0001");
    let rows = [
        first.clone(),
        RawRow {
            line: 3,
            ..first.clone()
        },
        row(4, "one", "A", "Adah", "1961-03-12", "666-01-0001"),
        row(5, "two", "A", "Adah", "1961-03-12", "666-01-0001"),
        row(6, "two", "B", "Robert", "1990-01-01", "666-01-0001"),
        row(7, "two", "C", "Robert", "1990-01-01", ""),
        row(8, "two", "D", "Bertha", "1961-03-12", "666-01-0001"),
    ];
    let expected = [
        "accepted",
        "unchanged",
        "corrected",
        "merged",
        // Somebody else under one number is somebody else.
        "accepted",
        // Nothing but the name and the birth date says that it is Robert again.
        "doubtful",
        // Twins under the guarantor's number.
        "doubtful",
    ];
    assert_eq!(words(&rows), expected);
}

/// Under a reference of before stands somebody else: the letter of the first one is not theirs.
#[test]
fn a_reference_that_names_somebody_else_is_refused() {
    let rows = [
        row(2, "one", "A", "Ada", "1961-03-12", "666-01-0001"),
        row(3, "one", "A", "Robert", "1990-01-01", "666-01-0002"),
        row(4, "one", "B", "Robert", "1990-01-01", "666-01-0002"),
        // Now with the number of somebody else: both bear it.
        row(5, "one", "A", "Ada", "1961-03-12", "666-01-0002"),
    ];
    assert_eq!(outcomes(&rows)[1], CONFLICT);
    let expected = ["accepted", "rejected", "accepted", "corrected"];
    assert_eq!(words(&rows), expected);
}

/// Two people whom a third row joins: the row goes to the likelier, and somebody looks at the two.
#[test]
fn a_row_that_joins_two_people_puts_them_on_the_review_list() {
    let mut rows = [
        row(2, "one", "A", "Katherine", "1961-03-12", ""),
        row(3, "one", "B", "Katherine", "1961-03-12", "666-01-0001"),
        row(4, "two", "C", "Katherine", "1961-03-12", "666-01-0001"),
    ];
    for (at, phone) in [(0, "2605550100"), (1, "2605550111"), (2, "2605550100")] {
        rows[at].columns.phone = phone.into();
    }
    let batch = judged(&rows, &[3]);
    let known = Known::default();
    let plan = plan(&batch, &known, HEADER);
    assert_eq!(words(&rows), ["accepted", "doubtful", "merged"]);
    assert_eq!(plan.outcomes[2], Outcome::Merged(plan.slots[1].individual));
    let pairs = plan
        .doubts
        .iter()
        .map(|doubt| (doubt.individual, doubt.other));
    let both = (plan.slots[1].individual, plan.slots[0].individual);
    assert_eq!(pairs.collect::<Vec<_>>(), [both, both]);
}

/// A key that too many share was made of fillers: it joins nobody, and nobody is compared with all of them.
#[test]
fn a_key_that_a_crowd_shares_tells_nothing() {
    let crowd: Vec<RawRow> = (0..100)
        .map(|n| row(n + 2, "one", &format!("R{n}"), "Unknown", "1980-01-01", ""))
        .collect();
    let batch = judged(&crowd, &[3]);
    let known = Known::default();
    let plan = plan(&batch, &known, HEADER);
    assert_eq!(plan.slots.len(), 100);
    assert!(plan.doubts.len() <= MOST_ALIKE * 3, "{}", plan.doubts.len());
    assert_eq!(*plan.outcomes.last().unwrap(), Outcome::Accepted);
}

/// Two strangers of one name stand under the number and the birth date that a clinic writes where it knows neither: they are two people. Those
/// of one family who stand under a relative's number are merged with themselves.
#[test]
fn a_number_that_a_crowd_bears_makes_nobody_one_person() {
    const NAMES: [&str; 18] = [
        "Ada", "Bertha", "Cecil", "Doris", "Edgar", "Flora", "Gustav", "Hilda", "Ingrid", "Jacob",
        "Karl", "Lydia", "Norman", "Oscar", "Pauline", "Quentin", "Rosa", "Victor",
    ];
    let under = |line: i64, entity: &str, name: &str, ssn: &str| {
        let reference = format!("R{line}");
        row(line, entity, &reference, name, "1980-01-01", ssn)
    };
    let crowd = |bearers: &[&str]| {
        let names = bearers.iter().chain(&["Michael"]);
        let mut rows: Vec<RawRow> = (2..)
            .zip(names)
            .map(|(line, name)| under(line, "one", name, "666-11-1111"))
            .collect();
        rows.push(under(99, "two", "Michael", "666-11-1111"));
        *words(&rows).last().unwrap()
    };
    assert_eq!(crowd(&NAMES[..3]), "merged");
    assert_eq!(crowd(&NAMES), "doubtful");
    // The same where the crowd is on the roster already, and too large to be looked up.
    let before = judged(&[under(2, "one", "Michael", "666-11-1111")], &[3]);
    let nothing = Known::default();
    let link = plan(&before, &nothing, HEADER).links[0];
    let Ok(prepared) = &before[0].verdict else {
        panic!("a good row")
    };
    let mut known = Known {
        people: vec![Stored {
            individual: link.individual,
            person: prepared.person.clone(),
            population: Population::Adult,
            salt: vec![1],
            is_withdrawn: false,
            is_readdressed: false,
        }],
        keys: vec![(link.individual, prepared.sealed.keys)],
        ..Known::default()
    };
    let again = judged(&[under(3, "two", "Michael", "666-11-1111")], &[3]);
    let merged = plan(&again, &known, HEADER).outcomes[0];
    assert_eq!(merged, Outcome::Merged(link.individual));
    let number = prepared.sealed.keys.get(KeyOf::Ssn);
    known.crowded_numbers.extend(number);
    let doubtful = plan(&again, &known, HEADER).outcomes[0];
    assert!(matches!(doubtful, Outcome::Doubtful(..)), "{doubtful:?}");
}

/// A corrected row changes the record once; what an earlier run of the same file has seen does not change it back.
#[test]
fn a_correction_is_planned_once_and_never_taken_back_by_the_old_file() {
    let first = row(2, "one", "A", "Ada", "1961-03-12", "666-01-0001");
    let mut second = row(2, "one", "A", "Ada", "1961-03-13", "");
    second.columns.population = "deceased".to_owned();
    let before = judged(std::slice::from_ref(&first), &[3]);
    let nothing = Known::default();
    let link = plan(&before, &nothing, HEADER).links[0];
    let Ok(prepared) = &before[0].verdict else {
        panic!("a good row")
    };
    let known = Known {
        references: HashMap::from([(link.macs.reference, listed(&link))]),
        people: vec![Stored {
            individual: link.individual,
            person: prepared.person.clone(),
            population: Population::Adult,
            salt: vec![1],
            is_withdrawn: false,
            is_readdressed: false,
        }],
        people_in_all: 1,
        ..Known::default()
    };
    let batch = judged(&[second.clone(), second, first], &[3]);
    let plan_again = |batch, known| plan(batch, known, 3);
    let plan = plan(&batch, &known, HEADER);
    assert_eq!(
        plan.outcomes,
        [Outcome::Corrected, Outcome::Unchanged, Outcome::Corrected]
    );
    assert_eq!((plan.slots.len(), plan.relinks.len()), (1, 1));
    let slot = &plan.slots[0];
    assert_eq!(
        slot.population,
        Population::Deceased,
        "nobody said that it was wrong"
    );
    let correction = slot.correction.as_ref().unwrap();
    assert_eq!(correction.before.date_of_birth, Some(date(1961, 3, 12)));
    let late = plan_again(&batch, &known);
    assert_eq!(late.outcomes, [Outcome::Unchanged; 3]);
}

#[test]
fn a_corrected_row_without_a_birth_date_makes_no_adult_of_a_child() {
    let child = row(2, "one", "A", "Ada", "2010-03-12", "");
    let mut moved = row(3, "one", "A", "Ada", "", "");
    moved.columns.ssn = "666-01-0001".into();
    let mut grown = row(4, "one", "A", "Ada", "1961-03-12", "");
    grown.columns.ssn = "666-01-0001".into();
    for (rows, population) in [
        (&[child.clone(), moved.clone()][..], Population::Minor),
        (&[child, moved, grown][..], Population::Adult),
    ] {
        let batch = judged(rows, &[3]);
        let known = Known::default();
        let plan = plan(&batch, &known, HEADER);
        assert_eq!(plan.outcomes.last(), Some(&Outcome::Corrected));
        assert_eq!(plan.slots[0].population, population);
    }
}

#[test]
fn a_merged_row_enriches_and_links_to_the_same_person() {
    let mut more = row(3, "two", "B", "Ada", "1961-03-12", "666-01-0001");
    more.columns.phone = "2605550100".into();
    more.columns.population = "deceased".to_owned();
    let batch = judged(
        &[row(2, "one", "A", "Ada", "1961-03-12", "666-01-0001"), more],
        &[3],
    );
    let known = Known::default();
    let plan = plan(&batch, &known, HEADER);
    assert_eq!(plan.slots.len(), 1);
    assert!(plan.slots[0].changed && plan.slots[0].person.phone.is_some());
    assert_eq!(plan.slots[0].population, Population::Deceased);
    assert_eq!(plan.links.len(), 2);
    assert_eq!(plan.links[0].individual, plan.links[1].individual);
}

const REFUSED: Outcome =
    Outcome::Rejected(Reject::new(Column::CoveredEntity, Cause::UnknownEntity));

#[test]
fn a_rejected_row_leaves_no_trace_for_the_next_one() {
    let rows = [
        row(2, "one", "A", "Ada", "1961-03-12", "666-01-0001"),
        row(3, "nobody", "B", "Robert", "1990-01-01", "666-01-0002"),
        row(4, "one", "B", "Robert", "1990-01-01", "666-01-0002"),
    ];
    assert_eq!(
        outcomes(&rows),
        [Outcome::Accepted, REFUSED, Outcome::Accepted]
    );
}

#[test]
fn rows_loaded_under_an_older_index_key_are_known_again() {
    let rows = [row(2, "one", "A", "Ada", "1961-03-12", "666-01-0001")];
    let old = judged(&rows, &[3]);
    let nothing = Known::default();
    let written = plan(&old, &nothing, HEADER);
    let link = written.links[0];
    let known = Known {
        references: HashMap::from([(link.macs.reference, listed(&link))]),
        people: Vec::new(),
        people_in_all: 1,
        ..Known::default()
    };
    let batch = judged(&rows, &[4, 3]);
    assert_eq!(plan(&batch, &known, HEADER).outcomes, [Outcome::Unchanged]);
}

/// The language came later than the first rosters: a row that says none is the same row as before.
#[test]
fn a_row_without_a_language_is_the_row_that_it_was() {
    let mut said = row(2, "one", "A", "Ada", "1961-03-12", "666-01-0001");
    let silent = said.clone();
    said.columns.language = "es".to_owned();
    let indexer = Indexer::new(CAMPAIGN, &Key::from_bytes([3; 32]));
    let before: [&[u8]; 13] = [
        b"Ada",
        b"Neill",
        b"1961-03-12",
        b"",
        b"",
        b"",
        b"666010001",
        b"",
        b"",
        b"",
        b"US",
        b"",
        b"",
    ];
    let content = |row: &RawRow| {
        let batch = judged(std::slice::from_ref(row), &[3]);
        batch[0].verdict.as_ref().unwrap().macs[0].content
    };
    assert_eq!(content(&silent), indexer.row(&before));
    assert_ne!(content(&said), content(&silent));
}

#[test]
fn a_merged_row_tells_the_language_where_none_is_known() {
    let with = |line, reference: &str, language: &str| {
        let mut row = row(line, "two", reference, "Ada", "1961-03-12", "666-01-0001");
        row.columns.language = language.to_owned();
        row
    };
    let batch = judged(
        &[with(2, "A", ""), with(3, "B", "es"), with(4, "C", "en")],
        &[3],
    );
    let known = Known::default();
    let plan = plan(&batch, &known, HEADER);
    assert_eq!(plan.slots[0].person.language, "es".parse().ok());
    assert!(plan.slots[0].changed);
}
