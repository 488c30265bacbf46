//! What the columns of a roster hold, in shapes and counts, and who stands in it twice. No value is kept.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};

use jiff::civil::Date;

use super::reader::{COLUMNS, field_of};
use crate::client::table::Table;
use crate::client::table::columns::plain;
use crate::kernel::dates::{DateOrder, read_date};
use crate::wire::redress::identity::v1::RosterRow;

/// Shapes of dates and words of populations that are told apart; the others are counted together.
const KINDS: usize = 12;
/// So many groups of lines are named.
const GROUPS: usize = 20;
/// So many lines of a group are named.
const LINES: usize = 10;

/// What one column holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnFacts {
    /// Its name.
    pub column: &'static str,
    /// Rows in which it is filled.
    pub filled: u64,
    /// Up to two shapes of its values: `9` for a digit, `x` and `X` for a letter.
    pub examples: Vec<String>,
}

/// What the columns hold.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The columns that the file has.
    pub columns: Vec<ColumnFacts>,
    /// How many dates of birth have which shape.
    pub date_shapes: BTreeMap<String, u64>,
    /// How many rows say which population.
    pub populations: BTreeMap<String, u64>,
}

impl Facts {
    /// Begins with the columns that a table has.
    pub fn new(table: &Table) -> Self {
        let columns = COLUMNS.iter().enumerate().filter(|(at, _)| table.has(*at));
        let columns = columns.map(|(_, column)| ColumnFacts {
            column,
            ..ColumnFacts::default()
        });
        Self {
            columns: columns.collect(),
            ..Self::default()
        }
    }

    /// Takes a row in.
    pub fn add(&mut self, row: &RosterRow) {
        for facts in &mut self.columns {
            let value = field_of(row, facts.column);
            if value.is_empty() {
                continue;
            }
            facts.filled += 1;
            if facts.examples.len() < 2 {
                let shape = shape(value);
                if !facts.examples.contains(&shape) {
                    facts.examples.push(shape);
                }
            }
        }
        if !row.date_of_birth.is_empty() {
            count(&mut self.date_shapes, shape(&row.date_of_birth));
        }
        let population = row.population.trim().to_lowercase();
        let is_word = !population.is_empty() && population.len() <= 16;
        count(
            &mut self.populations,
            if is_word {
                population
            } else {
                "not given".to_owned()
            },
        );
    }
}

fn count(counts: &mut BTreeMap<String, u64>, kind: String) {
    let kind = if counts.len() < KINDS || counts.contains_key(&kind) {
        kind
    } else {
        "others".to_owned()
    };
    *counts.entry(kind).or_default() += 1;
}

/// Masks a value by its shape.
fn shape(value: &str) -> String {
    let mask = |letter: char| match letter {
        '0'..='9' => '9',
        _ if letter.is_uppercase() => 'X',
        _ if letter.is_alphabetic() => 'x',
        _ => letter,
    };
    value.chars().take(24).map(mask).collect()
}

/// Keyed hashes of names with birth dates and of SSNs: 16 bytes a row.
#[derive(Default)]
pub struct Duplicates {
    state: RandomState,
    people: Vec<u64>,
    numbers: Vec<u64>,
}

impl Duplicates {
    /// Takes a row in.
    pub fn add(&mut self, row: &RosterRow) {
        let (person, number) = hashes(&self.state, row);
        self.people.extend(person);
        self.numbers.extend(number);
    }

    /// Begins to look for the lines of what is there twice.
    pub fn search(mut self) -> Search {
        Search {
            people: twice(&mut self.people),
            numbers: twice(&mut self.numbers),
            state: self.state,
        }
    }
}

fn hashes(state: &RandomState, row: &RosterRow) -> (Option<u64>, Option<u64>) {
    let name = plain(&row.given_name) + "/" + &plain(&row.family_name);
    let born = read_date(&row.date_of_birth, DateOrder::MonthFirst, Date::MAX);
    let person = born
        .ok()
        .filter(|_| name.len() > 1)
        .map(|born| state.hash_one((name, born.date.to_string())));
    let digits: String = row.ssn.chars().filter(char::is_ascii_digit).collect();
    let is_filler = digits
        .bytes()
        .all(|digit| Some(&digit) == digits.as_bytes().first());
    let number = (digits.len() == 9 && !is_filler).then(|| state.hash_one(digits));
    (person, number)
}

fn twice(hashes: &mut Vec<u64>) -> HashMap<u64, Vec<i64>> {
    hashes.sort_unstable();
    let pairs = hashes.windows(2).filter(|pair| pair[0] == pair[1]);
    let found = pairs.map(|pair| (pair[0], Vec::new())).collect();
    *hashes = Vec::new();
    found
}

/// Hashes that are there twice, and their lines so far.
pub struct Search {
    state: RandomState,
    people: HashMap<u64, Vec<i64>>,
    numbers: HashMap<u64, Vec<i64>>,
}

/// Lines that seem to be of one person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repeated {
    /// How many names with a birth date stand in several rows.
    pub people: usize,
    /// Lines of the first of them.
    pub people_lines: Vec<Vec<i64>>,
    /// How many SSNs stand in several rows.
    pub numbers: usize,
    /// Lines of the first of them.
    pub number_lines: Vec<Vec<i64>>,
}

impl Search {
    /// Tells whether nothing is there twice.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty() && self.numbers.is_empty()
    }

    /// Takes a row in.
    pub fn see(&mut self, row: &RosterRow) {
        let (person, number) = hashes(&self.state, row);
        for (found, hash) in [(&mut self.people, person), (&mut self.numbers, number)] {
            if let Some(lines) = hash.and_then(|hash| found.get_mut(&hash))
                && lines.len() < LINES
            {
                lines.push(row.line);
            }
        }
    }

    /// Gives the lines.
    pub fn finish(self) -> Repeated {
        let first = |found: &HashMap<u64, Vec<i64>>| {
            let mut groups: Vec<Vec<i64>> = found.values().cloned().collect();
            groups.sort_unstable();
            groups.truncate(GROUPS);
            groups
        };
        Repeated {
            people: self.people.len(),
            people_lines: first(&self.people),
            numbers: self.numbers.len(),
            number_lines: first(&self.numbers),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: i64, name: &str, born: &str, ssn: &str) -> RosterRow {
        RosterRow {
            line,
            given_name: name.to_owned(),
            family_name: "Roe".to_owned(),
            date_of_birth: born.to_owned(),
            ssn: ssn.to_owned(),
            ..RosterRow::default()
        }
    }

    #[test]
    fn who_stands_there_twice_is_named_by_line() {
        let rows = [
            row(2, "Ann", "1961-03-12", "666-01-0001"),
            row(3, "Bob", "1961-03-12", "999-99-9999"),
            row(4, "ANN", "3/12/1961", ""),
            row(5, "Cy", "", "666010001"),
            row(6, "Dan", "", "999-99-9999"),
        ];
        let mut duplicates = Duplicates::default();
        for row in &rows {
            duplicates.add(row);
        }
        let mut search = duplicates.search();
        for row in &rows {
            search.see(row);
        }
        let found = search.finish();
        assert_eq!((found.people, found.people_lines), (1, vec![vec![2, 4]]));
        assert_eq!((found.numbers, found.number_lines), (1, vec![vec![2, 5]]));
    }

    #[test]
    fn a_shape_shows_no_value() {
        assert_eq!(shape("O'Brien-Müller 12"), "X'Xxxxx-Xxxxxx 99");
    }
}
