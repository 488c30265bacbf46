//! Writes rosters of invented people in the shape of a real breach: eleven providers and forty-four radiology centers,
//! names and addresses as common as they are in Indiana, Michigan and Ohio, and everything that is wrong with real
//! lists.
//!
//! About 4% of the rows name a person whom another entity lists too, some of them spelled otherwise; 8% are minors, 2%
//! deceased, 9% read Spanish, 6% have no SSN, many no telephone or e-mail, 0.5% live abroad, 2% cannot be reached by post,
//! and 0.5% of the rows are damaged. Every person is drawn from a stream of their own: the same seed gives the same bytes, in memory
//! that does not grow with the list.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::dice::Dice;
use super::listing::{self, Row};
use super::person;
use super::shape::Shape;
use crate::client::problem::Problem;
use crate::client::progress::{Show, Unit};
use crate::client::roster::reader::COLUMNS;

/// A person's second listing stands so many people after the first.
const LATER: u64 = 997;

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows below the header.
    pub rows: u64,
    /// Rows that name a person listed before.
    pub second_listings: u64,
    /// Rows damaged on purpose.
    pub damaged: u64,
}

/// Writes the roster, telling `progress` now and then how many people it is at.
pub fn write(shape: &Shape, out: impl Write, mut progress: impl FnMut(u64)) -> io::Result<Written> {
    let mut csv = csv::WriterBuilder::new().flexible(true).from_writer(out);
    let mut written = Written::default();
    csv.write_record(COLUMNS)?;
    for step in 0..shape.people + LATER.min(shape.people) {
        for (listing, rank) in due(shape, step) {
            if let Some((row, damaged)) = listing_of(shape, rank, listing) {
                csv.write_record(&row)?;
                written.rows += 1;
                written.second_listings += u64::from(listing == Listing::Second);
                written.damaged += u64::from(damaged);
            }
        }
        if step % 4_096 == 0 {
            progress(step.min(shape.people));
        }
    }
    csv.flush()?;
    Ok(written)
}

/// Writes the roster to a file, which is there whole or not at all.
pub fn write_file(shape: &Shape, path: &Path, show: Show) -> Result<Written, Problem> {
    let partial = path.with_extension("csv.partial");
    let failed = |error: io::Error| Problem::file(path, &error);
    let mut out = BufWriter::with_capacity(1 << 20, File::create(&partial).map_err(failed)?);
    let progress = show("writing the roster", Unit::Pieces);
    let written = write(shape, &mut out, |at| progress.set(at, shape.people)).map_err(failed)?;
    out.flush().map_err(failed)?;
    progress.set(shape.people, shape.people);
    std::fs::rename(&partial, path).map_err(failed)?;
    Ok(written)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listing {
    First,
    Second,
}

/// Which listings of whom stand at this step.
fn due(shape: &Shape, step: u64) -> impl Iterator<Item = (Listing, u64)> {
    let first = (step < shape.people).then_some((Listing::First, step));
    let gap = LATER.min(shape.people);
    let second = step.checked_sub(gap).map(|rank| (Listing::Second, rank));
    first.into_iter().chain(second)
}

/// Draws one listing of one person; the second one exists for some only.
fn listing_of(shape: &Shape, rank: u64, listing: Listing) -> Option<(Row, bool)> {
    let mut dice = Dice::new(shape.seed, rank);
    let twice = dice.chance(42);
    if listing == Listing::Second && !twice {
        return None;
    }
    let first = listing::first_entity(&mut dice);
    let person = person::draw(&mut dice, shape, rank);
    let mut row = listing::row(&mut dice, first, &person, rank);
    let damaged = !twice && dice.chance(5);
    if damaged {
        listing::damage(&mut dice, &mut row);
    }
    if listing == Listing::Second {
        let entity = listing::second_entity(&mut dice, first);
        row = listing::row(&mut dice, entity, &person, rank);
        if dice.chance(450) {
            listing::misspell(&mut dice, &mut row);
        }
    }
    Some((row, damaged))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::people::entities;
    use crate::lab::people::shape::AS_OF;
    use std::collections::BTreeSet;

    fn roster(people: u64, seed: u64) -> (Vec<u8>, Written) {
        let shape = Shape {
            people,
            seed,
            as_of: AS_OF,
        };
        let mut out = Vec::new();
        let written = write(&shape, &mut out, |_| ()).unwrap();
        (out, written)
    }

    fn rows(bytes: &[u8]) -> Vec<csv::StringRecord> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
        reader.records().map(Result::unwrap).collect()
    }

    fn share(rows: &[csv::StringRecord], test: impl Fn(&csv::StringRecord) -> bool) -> usize {
        let hits = rows
            .iter()
            .filter(|row| row.len() == COLUMNS.len() && test(row));
        hits.count() * 1_000 / rows.len()
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
        assert_eq!(roster(3_000, 5), roster(3_000, 5));
        assert_ne!(roster(300, 5).0, roster(300, 6).0);
    }

    #[test]
    fn a_longer_roster_of_a_seed_has_the_same_people_in_it() {
        let short: BTreeSet<String> = rows(&roster(200, 5).0)
            .iter()
            .map(|row| row.as_slice().into())
            .collect();
        let long: BTreeSet<String> = rows(&roster(900, 5).0)
            .iter()
            .map(|row| row.as_slice().into())
            .collect();
        assert!(short.is_subset(&long));
    }

    #[test]
    fn the_shares_are_those_of_a_real_list() {
        let (bytes, written) = roster(20_000, 1);
        let rows = rows(&bytes);
        assert_eq!(rows.len() as u64, written.rows);
        let seconds = written.second_listings * 1_000 / written.rows;
        assert!((35..=45).contains(&seconds), "{seconds}");
        let damaged = written.damaged * 10_000 / written.rows;
        assert!((30..=70).contains(&damaged), "{damaged}");
        assert!((70..=90).contains(&share(&rows, |row| &row[16] == "minor")));
        assert!((15..=25).contains(&share(&rows, |row| &row[16] == "deceased")));
        assert!((80..=100).contains(&share(&rows, |row| &row[17] == "es")));
        assert!((50..=70).contains(&share(&rows, |row| row[7].is_empty())));
        assert!((10..=30).contains(&share(&rows, |row| row[8].is_empty()
            || row[10].is_empty()
            || row[8].starts_with("ADDRESS"))));
        assert!((2..=9).contains(&share(&rows, |row| !["", "US"].contains(&&row[13]))));
        let entities: BTreeSet<&str> = rows.iter().map(|row| &row[1]).collect();
        assert_eq!(entities.len(), 11 + 44 + 1);
    }

    #[test]
    fn only_a_number_area_that_was_never_issued_appears() {
        for row in rows(&roster(5_000, 3).0) {
            let ssn = row.get(7).unwrap_or_default();
            assert!(ssn.is_empty() || ssn.starts_with("666"));
        }
    }

    #[test]
    fn entity_keys_are_distinct_and_fit_the_contract() {
        let keys: BTreeSet<&str> = entities::ENTITIES
            .iter()
            .map(|entity| entity.key.as_str())
            .collect();
        assert_eq!(keys.len(), 55);
        assert!(keys.iter().all(|key| {
            key.len() <= 40
                && key
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        }));
    }
}
