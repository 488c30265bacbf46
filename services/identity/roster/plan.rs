//! What becomes of the rows of one batch, given what the roster holds already. Pure: the database is asked before and
//! written to after.
//!
//! Rows are taken in order, and each sees what the ones before it did, so that a batch comes to the same as its rows one by
//! one.

use std::borrow::Cow;
use std::collections::HashMap;

use uuid::Uuid;

use crate::db::entities::individual::Population;
use crate::kernel::ids::{CoveredEntityId, IndividualId};
use crate::kernel::person::Person;

use super::merge;
use super::prepare::{Judged, Prepared, RowMacs};
use super::reject::{Cause, Column, Reject};

/// What the roster holds about the references and SSNs of a batch.
#[derive(Debug, Default)]
pub struct Known {
    /// MAC of the content by MAC of the reference, which has the covered entity in it.
    pub references: HashMap<Uuid, Uuid>,
    /// People by key of their SSN.
    pub people: Vec<(i64, Stored)>,
}

/// A person on the roster.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Id.
    pub individual: IndividualId,
    /// The person, opened.
    pub person: Person,
    /// Which rules apply.
    pub population: Population,
    /// What the person's key derives from.
    pub salt: Vec<u8>,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It made a new individual.
    Accepted,
    /// It was merged into an individual already known.
    Merged,
    /// It was loaded before with the same content.
    Unchanged,
    /// It is not taken.
    Rejected(Reject),
}

/// A person whom the batch concerns.
#[derive(Debug)]
pub struct Slot<'b> {
    /// Id.
    pub individual: IndividualId,
    /// The person after the batch.
    pub person: Cow<'b, Person>,
    /// Which rules apply after the batch.
    pub population: Population,
    /// Where the person comes from.
    pub origin: Origin<'b>,
    /// Whether the batch changed what its origin says.
    pub changed: bool,
}

/// Where a person comes from.
#[derive(Debug)]
pub enum Origin<'b> {
    /// A row of this batch.
    New(&'b Prepared),
    /// The roster, with the salt of its row.
    Roster(&'b [u8]),
}

/// A reference of a covered entity to write.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// The covered entity.
    pub entity: CoveredEntityId,
    /// MACs of the row.
    pub macs: RowMacs,
    /// The person.
    pub individual: IndividualId,
}

/// What to write, and what to answer.
#[derive(Debug, Default)]
pub struct Plan<'b> {
    /// What became of each row, in order.
    pub outcomes: Vec<Outcome>,
    /// The people concerned.
    pub slots: Vec<Slot<'b>>,
    /// The references to write.
    pub links: Vec<Link>,
}

impl Link {
    /// Links a row to a person.
    fn of(row: &Prepared, individual: IndividualId) -> Self {
        Self {
            entity: row.entity,
            macs: row.macs[0],
            individual,
        }
    }
}

/// Plans rows in order.
pub fn plan<'b>(batch: &'b [Judged], known: &'b Known) -> Plan<'b> {
    let mut planner = Planner::new(known, batch.len());
    for judged in batch {
        let outcome = match &judged.verdict {
            Ok(row) => planner.take(row),
            Err(reject) => Outcome::Rejected(*reject),
        };
        planner.plan.outcomes.push(outcome);
    }
    planner.plan
}

struct Planner<'b> {
    known: &'b Known,
    plan: Plan<'b>,
    /// Content by reference, of rows of this batch.
    seen: HashMap<Uuid, Uuid>,
    /// Slots by key of the SSN.
    by_ssn: HashMap<i64, Vec<usize>>,
}

impl<'b> Planner<'b> {
    fn new(known: &'b Known, rows: usize) -> Self {
        let mut planner = Self {
            known,
            plan: Plan {
                outcomes: Vec::with_capacity(rows),
                slots: Vec::with_capacity(known.people.len() + rows),
                links: Vec::with_capacity(rows),
            },
            seen: HashMap::with_capacity(rows),
            by_ssn: HashMap::with_capacity(known.people.len() + rows),
        };
        for (key, stored) in &known.people {
            let at = planner.add(Slot {
                individual: stored.individual,
                person: Cow::Borrowed(&stored.person),
                population: stored.population,
                origin: Origin::Roster(&stored.salt),
                changed: false,
            });
            planner.by_ssn.entry(*key).or_default().push(at);
        }
        planner
    }

    fn add(&mut self, slot: Slot<'b>) -> usize {
        self.plan.slots.push(slot);
        self.plan.slots.len() - 1
    }

    fn take(&mut self, row: &'b Prepared) -> Outcome {
        if let Some(outcome) = self.loaded_before(row) {
            return outcome;
        }
        let outcome = match self.with_ssn_of(row) {
            None => self.accept(row),
            Some(at) if merge::is_same_person(&self.plan.slots[at].person, &row.person) => {
                self.merge(at, row)
            }
            Some(_) => return Outcome::Rejected(Reject::new(Column::Ssn, Cause::SsnOfAnother)),
        };
        let macs = row.macs[0];
        self.seen.insert(macs.reference, macs.content);
        outcome
    }

    /// Looks the reference up under every version of the index key.
    fn loaded_before(&self, row: &Prepared) -> Option<Outcome> {
        row.macs.iter().find_map(|macs| {
            let key = &macs.reference;
            let content = self
                .seen
                .get(key)
                .or_else(|| self.known.references.get(key))?;
            Some(if *content == macs.content {
                Outcome::Unchanged
            } else {
                Outcome::Rejected(Reject::new(Column::ExternalRef, Cause::RefConflict))
            })
        })
    }

    /// Finds the person with the row's SSN. A key that two numbers share is sorted out by the numbers.
    fn with_ssn_of(&self, row: &Prepared) -> Option<usize> {
        let number = row.person.ssn.as_ref()?.expose();
        let slots = row
            .ssn_keys
            .iter()
            .filter_map(|key| self.by_ssn.get(key))
            .flatten();
        slots.copied().find(|at| {
            self.plan.slots[*at]
                .person
                .ssn
                .as_ref()
                .is_some_and(|ssn| ssn.expose() == number)
        })
    }

    fn accept(&mut self, row: &'b Prepared) -> Outcome {
        let at = self.add(Slot {
            individual: row.sealed.id,
            person: Cow::Borrowed(&row.person),
            population: row.population,
            origin: Origin::New(row),
            changed: false,
        });
        if let Some(key) = row.ssn_keys.first() {
            self.by_ssn.entry(*key).or_default().push(at);
        }
        self.link(row, row.sealed.id);
        Outcome::Accepted
    }

    fn merge(&mut self, at: usize, row: &Prepared) -> Outcome {
        let slot = &mut self.plan.slots[at];
        let mut person = slot.person.clone().into_owned();
        if merge::enrich(&mut person, &row.person) {
            slot.person = Cow::Owned(person);
            slot.changed = true;
        }
        let population = merge::join_population(slot.population, row.population);
        slot.changed |= population != slot.population;
        slot.population = population;
        let individual = slot.individual;
        self.link(row, individual);
        Outcome::Merged
    }

    fn link(&mut self, row: &Prepared, individual: IndividualId) {
        self.plan.links.push(Link::of(row, individual));
    }
}

#[cfg(test)]
pub(super) mod tests;
