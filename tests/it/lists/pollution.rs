//! A clean roster spoiled one way at a time, at each row and column; what becomes of each person's letter.
//!
//! A person is right where letter and facts are as in the clean roster; named where the row is refused or something is said of it; lost
//! where neither the person nor a word about the row is there; wrong where a letter or a fact differs and nothing is said.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use redress::identity::roster::row::Row;

use super::spoil::{Cells, List, people};
use super::ways::{FILLERS, ROWS, SHAPES, Spoiled, VALUES, of_files};
use super::{Read, letter, read};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Figures {
    files: u64,
    right: u64,
    named: u64,
    lost: u64,
    wrong: u64,
}

/// Everything about a person that a list tells.
fn facts(row: &Row) -> String {
    let person = &row.person;
    let phones: Vec<&str> = person.phones().map(|text| text.expose().as_str()).collect();
    let emails: Vec<&str> = person.emails().map(|text| text.expose().as_str()).collect();
    let ssn = person.ssn.as_ref().map(|text| text.expose().as_str());
    format!(
        "{:?} {:?} {ssn:?} {phones:?} {emails:?} {:?}",
        letter(row),
        person.date_of_birth,
        row.population
    )
}

fn truth(people: &[Cells]) -> Vec<String> {
    let clean = read(&List::csv(people).bytes());
    let found = people.iter().map(|cells| {
        clean
            .by_reference(&cells[0])
            .map_or(String::new(), |(_, row)| facts(row))
    });
    found.collect()
}

fn classify(
    figures: &mut Figures,
    list: &List,
    read: &Read,
    expected: &[Cells],
    truths: &BTreeMap<String, String>,
) {
    figures.files += 1;
    for (at, cells) in expected.iter().enumerate() {
        let lines = list.lines_of(at);
        let found = read.by_reference(&cells[0]);
        let is_said = lines
            .iter()
            .chain(found.map(|(line, _)| line).iter())
            .any(|line| read.warned.contains_key(line) || read.refused.contains_key(line));
        let is_right = found.is_some_and(|(_, row)| facts(row) == truths[&cells.join("\u{1}")]);
        match (is_right, is_said, found) {
            (true, ..) => figures.right += 1,
            (_, true, _) => figures.named += 1,
            (_, _, None) => {
                figures.lost += 1;
                eprintln!("lost: {cells:?}");
            }
            (_, _, Some((line, row))) => {
                figures.wrong += 1;
                eprintln!(
                    "wrong, line {line}: {} for {}",
                    facts(row),
                    truths[&cells.join("\u{1}")]
                );
            }
        }
    }
}

/// Each seventh row is spoiled: among them are all kinds of rows, and all forty take many minutes.
const STEP: usize = 7;

/// Every spoiled list, one at a time.
fn each(people: &[Cells], take: &mut dyn FnMut(&'static str, Spoiled)) {
    for (way, spoiled) in of_files(people) {
        take(way, spoiled);
    }
    for (at, cells) in people.iter().enumerate().step_by(STEP) {
        for (way, spoil) in ROWS {
            let mut list = List::csv(people);
            spoil(&mut list, at, cells);
            take(way, (list, people.to_vec()));
        }
        for column in 0..cells.len() {
            for (way, spoil) in SHAPES {
                let mut list = List::csv(people);
                spoil(&mut list, at, column, cells);
                take(way, (list, people.to_vec()));
            }
            for (way, value) in VALUES {
                if let Some(value) = value(column, &cells[column]) {
                    let mut spoiled = people.to_vec();
                    spoiled[at][column] = value;
                    take(way, (List::csv(&spoiled), people.to_vec()));
                }
            }
            let filler = FILLERS[(at + column) % FILLERS.len()];
            let mut spoiled = people.to_vec();
            filler.clone_into(&mut spoiled[at][column]);
            // Without the cell the person is another: nobody can print what is not there.
            let mut expected = people.to_vec();
            if column > 1 {
                expected[at][column].clear();
            }
            take("a word for nothing", (List::csv(&spoiled), expected));
        }
    }
}

#[test]
fn spoiled_lists_lose_nobody_and_print_nothing_wrong() {
    let people = people();
    let mut truths = BTreeMap::new();
    let mut figures: BTreeMap<&str, Figures> = BTreeMap::new();
    each(&people, &mut |way, (list, expected)| {
        for cells in &expected {
            truths
                .entry(cells.join("\u{1}"))
                .or_insert_with(|| truth(std::slice::from_ref(cells)).remove(0));
        }
        classify(
            figures.entry(way).or_default(),
            &list,
            &read(&list.bytes()),
            &expected,
            &truths,
        );
    });
    let mut table = format!(
        "{:28} {:>6} {:>8} {:>7} {:>5} {:>5}\n",
        "way", "files", "right", "named", "lost", "wrong"
    );
    let mut all = Figures::default();
    for (way, one) in &figures {
        let Figures {
            files,
            right,
            named,
            lost,
            wrong,
        } = *one;
        writeln!(
            table,
            "{way:28} {files:>6} {right:>8} {named:>7} {lost:>5} {wrong:>5}"
        )
        .unwrap();
        all.files += files;
        all.right += right;
        all.named += named;
        all.lost += lost;
        all.wrong += wrong;
    }
    let people = all.right + all.named + all.lost + all.wrong;
    let share = all.right * 1_000 / people;
    writeln!(
        table,
        "all: {} files, {people} people, {}.{}% right, {} named, {} lost, {} wrong",
        all.files,
        share / 10,
        share % 10,
        all.named,
        all.lost,
        all.wrong
    )
    .unwrap();
    println!("{table}");
    assert!(share >= 970 && all.lost == 0 && all.wrong == 0, "{table}");
}
