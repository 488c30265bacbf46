//! What becomes of the rows of one batch, given what the roster holds already. Pure: the database is asked before and
//! written to after.
//!
//! Rows are taken in order, and each sees what the ones before it did, so that a batch comes to the same as its rows one by
//! one. A row that is certainly of somebody known is merged, one that may be is somebody new and stands on the review list
//! ([`crate::identity::matching::resolve`]).

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::civil::Date;
use uuid::Uuid;

use crate::db::entities::individual::Population;
use crate::identity::matching::resolve::Record;
use crate::kernel::ids::{CoveredEntityId, IndividualId};
use crate::kernel::person::Person;

use super::doubt::Doubt;
use super::known::{Known, Listed};
use super::merge;
use super::prepare::{Judged, Prepared, RowMacs};
use super::reject::{Cause, Column, Reject};
use alike::{Alike, AlikeIndex};

mod alike;
mod slot;

pub use alike::MOST_ALIKE;
pub use slot::{Correction, Origin, Slot};

/// The most people beside whom one row is put on the review list.
const MOST_DOUBTS: usize = 3;

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It made a new individual.
    Accepted,
    /// It made a new individual, the first, who stands on the review list beside the second.
    Doubtful(IndividualId, IndividualId),
    /// It was merged into an individual already known.
    Merged(IndividualId),
    /// It corrected the record of an individual, under a reference that was loaded before with other content.
    Corrected,
    /// It was loaded before with the same content, or is what a later file has corrected.
    Unchanged,
    /// It is not taken.
    Rejected(Reject),
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
    /// What is put on the review list, unless it stands there.
    pub doubts: Vec<Doubt>,
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
/// later file may have corrected it since. Ages are those of `today`.
pub fn plan<'b>(
    batch: &'b [Judged],
    known: &'b Known,
    (durable_line, today): (i64, Date),
) -> Plan<'b> {
    let mut planner = Planner::new(known, batch.len(), today);
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
    today: Date,
    plan: Plan<'b>,
    /// What rows of this batch loaded, by reference.
    seen: HashMap<Uuid, Listed>,
    /// Slots by individual.
    by_id: HashMap<IndividualId, usize>,
    /// Who may be the person of a row.
    alike: AlikeIndex<'b>,
}

impl<'b> Planner<'b> {
    fn new(known: &'b Known, rows: usize, today: Date) -> Self {
        let mut planner = Self {
            known,
            today,
            plan: Plan {
                outcomes: Vec::with_capacity(rows),
                slots: Vec::with_capacity(known.people.len() + rows),
                links: Vec::with_capacity(rows),
                relinks: Vec::new(),
                doubts: Vec::new(),
            },
            by_id: HashMap::with_capacity(known.people.len()),
            seen: HashMap::with_capacity(rows),
            alike: AlikeIndex::among(known.people_in_all, &known.crowded_numbers),
        };
        for stored in &known.people {
            let (individual, person) = (stored.individual, &stored.person);
            let origin = Origin::Roster(stored);
            planner.add(Slot::of(individual, person, stored.population, origin));
        }
        for (individual, keys) in &known.keys {
            if let Some(at) = planner.by_id.get(individual) {
                planner.alike.add(keys, *at);
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
        let alike = self
            .alike
            .find(row, &Record::of(&row.person), (person_of(&self.plan), None));
        match &alike[..] {
            [first, rest @ ..] if first.is_clear_of(rest.first()) => {
                let at = first.at;
                let individual = self.plan.slots[at].individual;
                // Whoever else may be the row's person may be the one whom the row went to.
                self.doubt(individual, rest);
                self.merge(at, row)
            }
            _ => self.accept(row, &alike),
        }
    }

    /// Puts an individual on the review list beside others, whoever is still listed. Gives the first of them.
    fn doubt<'a>(
        &mut self,
        individual: IndividualId,
        others: impl IntoIterator<Item = &'a Alike>,
    ) -> Option<IndividualId> {
        let others = others.into_iter().filter_map(|one| {
            let slot = &self.plan.slots[one.at];
            (!slot.was_withdrawn() || slot.relisted).then_some((slot.individual, &one.waterfall))
        });
        let doubts =
            others.map(|(other, waterfall)| Doubt::of(individual, other, waterfall.clone()));
        let doubts: Vec<Doubt> = doubts.take(MOST_DOUBTS).collect();
        let first = doubts.first().map(|first| {
            if first.individual == individual {
                first.other
            } else {
                first.individual
            }
        });
        self.plan.doubts.extend(doubts);
        first
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
            slot.note(before, fields);
            self.alike.change(at, row);
            let record = Record::of(&self.plan.slots[at].person);
            let alike = self
                .alike
                .find(row, &record, (person_of(&self.plan), Some(at)));
            self.doubt(individual, &alike);
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

    fn accept(&mut self, row: &'b Prepared, alike: &[Alike]) -> Outcome {
        let individual = row.sealed.id;
        let origin = Origin::New(row);
        let at = self.add(Slot::of(individual, &row.person, row.population, origin));
        self.alike.change(at, row);
        self.alike.grow();
        self.link(row, individual);
        match self.doubt(individual, alike) {
            Some(other) => Outcome::Doubtful(individual, other),
            None => Outcome::Accepted,
        }
    }

    fn merge(&mut self, at: usize, row: &'b Prepared) -> Outcome {
        let slot = &mut self.plan.slots[at];
        let before = slot.person.clone().into_owned();
        let mut person = before.clone();
        let is_enriched = merge::enrich(&mut person, &row.person);
        let has_moved = !slot.is_readdressed() && merge::move_to(&mut person, &row.person);
        if is_enriched || has_moved {
            slot.person = Cow::Owned(person);
            slot.changed = true;
        }
        if has_moved {
            slot.note(before, vec!["address"]);
        }
        let populations = (slot.population, row.population);
        let population = merge::join_population(populations, &slot.person, self.today);
        slot.relisted |= slot.was_withdrawn();
        slot.changed |= population != slot.population || slot.relisted;
        slot.population = population;
        slot.described.push(row.sealed.keys);
        let individual = slot.individual;
        self.alike.change(at, row);
        self.link(row, individual);
        Outcome::Merged(individual)
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

/// Gives the person of a slot.
fn person_of<'p>(plan: &'p Plan<'_>) -> impl Fn(usize) -> &'p Person {
    |at| &plan.slots[at].person
}

#[cfg(test)]
pub(super) mod tests;
