//! Rows of a batch that are written without asking the roster.
//!
//! Most rows of a first import tell of somebody of whom nothing is there: [`Seen`], which is never mistaken when it says no, has
//! neither their reference nor their SSN, and no other row of the piece has either. What becomes of them depends on no other
//! row. So they go into the tables at once (on PostgreSQL while the batch before is still settled), and only their sealed form is kept
//! until then. What becomes of the others may depend on newcomers of a piece before theirs, which are on the roster when it is asked;
//! it cannot depend on those of their own piece, nor on those of one after it.

use std::collections::HashSet;
use std::hash::Hash;

use uuid::Uuid;

use crate::identity::error::Error;

use super::keys::RosterKeys;
use super::known::Asked;
use super::plan::Outcome;
use super::prepare::{Judged, NewIndividual};
use super::seen::Seen;

/// A piece of a batch in two parts.
#[derive(Clone, Default)]
pub struct Sorted {
    /// Rows that make a new individual whatever the others do, in order.
    pub newcomers: Vec<NewIndividual>,
    /// All others, in order.
    pub others: Vec<Judged>,
    /// What the roster must be asked for them.
    pub asked: Asked,
    /// Every row of the piece.
    order: Vec<Place>,
}

/// Where a row of the piece is.
#[derive(Clone, Copy)]
struct Place {
    line: i64,
    is_newcomer: bool,
}

impl Sorted {
    /// Sorts a piece of so many rows, and remembers it. Whoever looks like a newcomer is sealed away at once, and opened again in
    /// the rare case that another row of the piece has the same reference or SSN.
    pub fn of(
        rows: usize,
        piece: impl Iterator<Item = Judged>,
        seen: &mut Seen,
        keys: &RosterKeys,
    ) -> Result<Self, Error> {
        let mut sorted = Self {
            newcomers: Vec::with_capacity(rows),
            order: Vec::with_capacity(rows),
            ..Self::default()
        };
        for judged in piece {
            let row = judged.verdict.as_ref().ok().map(|row| &row.new);
            let asked = row.map(|row| Asked::about(row, seen)).unwrap_or_default();
            let is_newcomer = row.is_some() && asked.is_empty();
            sorted.asked.add(asked);
            sorted.put(judged, is_newcomer);
        }
        let meeting = sorted.meeting();
        let sorted = sorted.open(keys, |row| meeting.has(row))?;
        sorted.rows().for_each(|row| seen.add(row));
        Ok(sorted)
    }

    fn put(&mut self, judged: Judged, is_newcomer: bool) {
        let line = judged.line;
        self.order.push(Place { line, is_newcomer });
        match judged.verdict {
            Ok(row) if is_newcomer => self.newcomers.push(row.new),
            verdict => self.others.push(Judged { line, verdict }),
        }
    }

    /// Gives the rows that are right by themselves.
    fn rows(&self) -> impl Iterator<Item = &NewIndividual> {
        let others = self.others.iter().flat_map(|judged| &judged.verdict);
        self.newcomers.iter().chain(others.map(|row| &row.new))
    }

    /// Finds what several rows have.
    fn meeting(&self) -> Meeting {
        Meeting {
            references: repeated(self.rows().map(|row| row.macs[0].reference)),
            ssns: repeated(self.rows().filter_map(|row| row.ssn_keys.first().copied())),
        }
    }

    /// Takes some for newcomers no more.
    fn open(
        mut self,
        keys: &RosterKeys,
        is_other: impl Fn(&NewIndividual) -> bool,
    ) -> Result<Self, Error> {
        let mut places = self.order.iter_mut().filter(|place| place.is_newcomer);
        let mut lines = Vec::new();
        let opened = self.newcomers.extract_if(.., |row| {
            let place = places.next().filter(|_| is_other(row));
            place.is_some_and(|place| {
                place.is_newcomer = false;
                lines.push(place.line);
                true
            })
        });
        let opened: Vec<_> = opened.collect();
        self.newcomers.shrink_to_fit();
        self.others.reserve(opened.len());
        for (line, row) in lines.into_iter().zip(opened) {
            let verdict = Ok(row.open(keys)?);
            self.others.push(Judged { line, verdict });
        }
        self.others.sort_by_key(|judged| judged.line);
        Ok(self)
    }

    /// Takes nobody for a newcomer any more, and asks for everybody: the roster is not what was seen of it.
    pub fn reopened(self, keys: &RosterKeys) -> Result<Self, Error> {
        let mut asked = Asked::default();
        for row in self.rows() {
            asked.add(Asked::everything(row));
        }
        let sorted = self.open(keys, |_| true)?;
        Ok(Self { asked, ..sorted })
    }

    /// Counts the rows whose person is there in the clear.
    pub fn opened(&self) -> usize {
        let others = self.others.iter();
        others.filter(|judged| judged.verdict.is_ok()).count()
    }

    /// Counts its rows.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Tells whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Gives every row's line and what became of it, in order, from what became of the others.
    pub fn outcomes(&self, others: impl IntoIterator<Item = Outcome>) -> Vec<(i64, Outcome)> {
        let mut others = others.into_iter();
        let outcome = |place: &Place| {
            let outcome = if place.is_newcomer {
                Some(Outcome::Accepted)
            } else {
                others.next()
            };
            Some((place.line, outcome?))
        };
        self.order.iter().map_while(outcome).collect()
    }
}

/// References and SSNs that several rows of a piece have.
struct Meeting {
    references: HashSet<Uuid>,
    ssns: HashSet<i64>,
}

impl Meeting {
    fn has(&self, row: &NewIndividual) -> bool {
        let (reference, ssn) = (&row.macs[0].reference, row.ssn_keys.first());
        self.references.contains(reference) || ssn.is_some_and(|key| self.ssns.contains(key))
    }
}

fn repeated<K: Hash + Eq + Copy>(keys: impl Iterator<Item = K>) -> HashSet<K> {
    let mut met = HashSet::new();
    keys.filter(|key| !met.insert(*key)).collect()
}

#[cfg(test)]
#[path = "newcomers_tests.rs"]
mod tests;
