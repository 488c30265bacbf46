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
    /// What was loaded under a reference, by its MAC, which has the covered entity in it.
    pub references: HashMap<Uuid, Listed>,
    /// People by key of their SSN, where that was asked for.
    pub people: Vec<(Option<i64>, Stored)>,
}

/// What was loaded under a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// MAC of the content.
    pub content: Uuid,
    /// The person.
    pub individual: IndividualId,
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
    /// Whether nobody lists the person any more.
    pub is_withdrawn: bool,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It made a new individual.
    Accepted,
    /// It was merged into an individual already known.
    Merged,
    /// It corrected the record of an individual, under a reference that was loaded before with other content.
    Corrected,
    /// It was loaded before with the same content, or is what a later file has corrected.
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
    /// What the batch corrected.
    pub correction: Option<Correction>,
    /// Whether nobody listed the person any more before the batch.
    pub is_withdrawn: bool,
    /// Whether a row of the batch lists the person again.
    pub relisted: bool,
}

/// What a batch corrected of a person.
#[derive(Debug)]
pub struct Correction {
    /// The person before.
    pub before: Person,
    /// Which fields.
    pub fields: merge::Fields,
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
    /// The references that stand there and have other content now.
    pub relinks: Vec<Link>,
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

/// Plans rows in order. A line up to `durable_line` was seen by an earlier run of the same file: it corrects nothing again, because a
/// later file may have corrected it since.
pub fn plan<'b>(batch: &'b [Judged], known: &'b Known, durable_line: i64) -> Plan<'b> {
    let mut planner = Planner::new(known, batch.len());
    for judged in batch {
        let outcome = match &judged.verdict {
            Ok(row) => planner.take(row, judged.line > durable_line),
            Err(reject) => Outcome::Rejected(*reject),
        };
        planner.plan.outcomes.push(outcome);
    }
    planner.plan
}

struct Planner<'b> {
    known: &'b Known,
    plan: Plan<'b>,
    /// What rows of this batch loaded, by reference.
    seen: HashMap<Uuid, Listed>,
    /// Slots by key of the SSN.
    by_ssn: HashMap<i64, Vec<usize>>,
    /// Slots by individual.
    by_id: HashMap<IndividualId, usize>,
}

impl<'b> Planner<'b> {
    fn new(known: &'b Known, rows: usize) -> Self {
        let mut planner = Self {
            known,
            plan: Plan {
                outcomes: Vec::with_capacity(rows),
                slots: Vec::with_capacity(known.people.len() + rows),
                links: Vec::with_capacity(rows),
                relinks: Vec::new(),
            },
            by_id: HashMap::with_capacity(known.people.len()),
            seen: HashMap::with_capacity(rows),
            by_ssn: HashMap::with_capacity(known.people.len() + rows),
        };
        for (key, stored) in &known.people {
            let known = planner.by_id.get(&stored.individual).copied();
            let at = known.unwrap_or_else(|| {
                planner.add(Slot {
                    individual: stored.individual,
                    person: Cow::Borrowed(&stored.person),
                    population: stored.population,
                    origin: Origin::Roster(&stored.salt),
                    changed: false,
                    correction: None,
                    is_withdrawn: stored.is_withdrawn,
                    relisted: false,
                })
            });
            if let Some(key) = key {
                planner.by_ssn.entry(*key).or_default().push(at);
            }
        }
        planner
    }

    fn add(&mut self, slot: Slot<'b>) -> usize {
        let at = self.plan.slots.len();
        self.by_id.insert(slot.individual, at);
        self.plan.slots.push(slot);
        at
    }

    fn take(&mut self, row: &'b Prepared, can_correct: bool) -> Outcome {
        match self.loaded_before(row) {
            Some((macs, listed)) if listed.content == macs.content => return Outcome::Unchanged,
            Some(_) if !can_correct => return Outcome::Unchanged,
            Some((macs, listed)) => return self.correct(row, macs, listed.individual),
            None => {}
        }
        match self.with_ssn_of(row) {
            None => self.accept(row),
            Some(at) if merge::is_same_person(&self.plan.slots[at].person, &row.person) => {
                self.merge(at, row)
            }
            Some(_) => Outcome::Rejected(Reject::new(Column::Ssn, Cause::SsnOfAnother)),
        }
    }

    /// Looks the reference up under every version of the index key.
    fn loaded_before(&self, row: &Prepared) -> Option<(RowMacs, Listed)> {
        row.macs.iter().find_map(|macs| {
            let key = &macs.reference;
            let seen = self.seen.get(key);
            let listed = seen.or_else(|| self.known.references.get(key))?;
            Some((*macs, *listed))
        })
    }

    /// Corrects the record of the individual under a known reference. Whoever was erased stays erased.
    fn correct(&mut self, row: &'b Prepared, macs: RowMacs, individual: IndividualId) -> Outcome {
        let Some(at) = self.by_id.get(&individual).copied() else {
            return Outcome::Unchanged;
        };
        if !merge::can_correct(&self.plan.slots[at].person, &row.person) {
            return Outcome::Rejected(Reject::new(Column::ExternalRef, Cause::RefConflict));
        }
        if self.with_ssn_of(row).is_some_and(|other| other != at) {
            return Outcome::Rejected(Reject::new(Column::Ssn, Cause::SsnOfAnother));
        }
        let slot = &mut self.plan.slots[at];
        let before = slot.person.clone().into_owned();
        let mut person = before.clone();
        let mut fields = merge::correct(&mut person, &row.person);
        let population = match row.stated {
            Some(stated) => stated,
            // Empty cells take nothing away: no birth date makes no adult of a child.
            None if row.person.date_of_birth.is_none() => slot.population,
            None if slot.population == Population::Deceased => Population::Deceased,
            None => row.population,
        };
        if population != slot.population {
            slot.population = population;
            fields.push("population");
        }
        let is_corrected = !fields.is_empty();
        if is_corrected {
            slot.person = Cow::Owned(person);
            slot.changed = true;
            let correction = slot.correction.get_or_insert(Correction {
                before,
                fields: Vec::new(),
            });
            correction.fields.extend(fields);
        }
        if let Some(key) = row.ssn_keys.first() {
            self.by_ssn.entry(*key).or_default().push(at);
        }
        self.relink(row, macs, individual);
        if is_corrected {
            Outcome::Corrected
        } else {
            Outcome::Unchanged
        }
    }

    /// Notes the content under a reference, whether this batch wrote it or an earlier one.
    fn relink(&mut self, row: &Prepared, macs: RowMacs, individual: IndividualId) {
        let content = macs.content;
        let listed = Listed {
            content,
            individual,
        };
        self.seen.insert(macs.reference, listed);
        let known = |link: &&mut Link| link.macs.reference == macs.reference;
        let links = self.plan.links.iter_mut().chain(&mut self.plan.relinks);
        match links.into_iter().find(known) {
            Some(link) => link.macs.content = content,
            None => self.plan.relinks.push(Link {
                entity: row.entity,
                macs,
                individual,
            }),
        }
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
            correction: None,
            is_withdrawn: false,
            relisted: false,
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
        slot.relisted |= slot.is_withdrawn;
        slot.changed |= population != slot.population || slot.relisted;
        slot.population = population;
        let individual = slot.individual;
        self.link(row, individual);
        Outcome::Merged
    }

    fn link(&mut self, row: &Prepared, individual: IndividualId) {
        let RowMacs { reference, content } = row.macs[0];
        let listed = Listed {
            content,
            individual,
        };
        self.seen.insert(reference, listed);
        self.plan.links.push(Link::of(row, individual));
    }
}

#[cfg(test)]
pub(super) mod tests;
