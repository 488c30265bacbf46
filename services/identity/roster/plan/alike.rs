//! Who of the people of a batch may be the person of a row.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};

use crate::identity::matching::keys::{KeyOf, Keys};
use crate::identity::matching::policy::CLEAR_MARGIN;
use crate::identity::matching::resolve::{Record, Resolution, resolve};
use crate::identity::matching::waterfall::Waterfall;
use crate::identity::roster::prepare::Prepared;
use crate::kernel::person::Person;

/// The most people whom one key names. A key that more share tells nothing: it was made of fillers.
pub const MOST_ALIKE: usize = 64;
/// The most people who stand under one number because it is a relative's. What more bear is a filler: two who bear it have nothing in common
/// by that, however alike their names are.
const MOST_RELATIVES: usize = 16;

/// Somebody who may be the person of a row.
pub(super) struct Alike {
    /// The slot.
    pub at: usize,
    /// How sure it is; never that they are two people.
    pub resolution: Resolution,
    /// How they agree.
    pub waterfall: Waterfall,
}

impl Alike {
    /// Tells whether it is certain, and clearly more so than the next.
    pub fn is_clear_of(&self, next: Option<&Self>) -> bool {
        let is_behind = |next: &Self| {
            next.resolution < Resolution::Same
                || self.waterfall.score() - next.waterfall.score() >= CLEAR_MARGIN
        };
        self.resolution == Resolution::Same && next.is_none_or(is_behind)
    }
}

/// The slots by their blind keys.
pub(super) struct AlikeIndex<'k> {
    /// Numbers that more people of the roster bear than were looked up.
    crowded_numbers: &'k HashSet<i64>,
    by_key: HashMap<i64, Vec<usize>>,
    /// How the person of a slot was described.
    described: HashMap<usize, Vec<Keys>>,
    /// What is compared of a slot, once it was.
    records: HashMap<usize, Record>,
    /// How many people the roster has.
    people: u64,
}

impl<'k> AlikeIndex<'k> {
    /// Takes how many people the roster had before the batch, and which numbers too many of them bear.
    pub fn among(people: u64, crowded_numbers: &'k HashSet<i64>) -> Self {
        Self {
            people,
            crowded_numbers,
            by_key: HashMap::new(),
            described: HashMap::new(),
            records: HashMap::new(),
        }
    }

    /// Notes that there is one more.
    pub fn grow(&mut self) {
        self.people += 1;
    }

    /// Notes that the person of a slot was described so.
    pub fn add(&mut self, keys: &Keys, at: usize) {
        for key in keys.of_rows() {
            let slots = self.by_key.entry(key).or_default();
            if slots.len() <= MOST_ALIKE && !slots.contains(&at) {
                slots.push(at);
            }
        }
        let described = self.described.entry(at).or_default();
        if !described.contains(keys) {
            described.push(*keys);
        }
    }

    /// Notes that a row tells of a slot's person, so that what is compared of it may have changed.
    pub fn change(&mut self, at: usize, row: &Prepared) {
        self.records.remove(&at);
        self.add(&row.sealed.keys, at);
    }

    /// Finds who may be the person of a record with a row's keys, but for one slot: the surest first, and of equals whoever was known
    /// first.
    pub fn find<'p>(
        &mut self,
        row: &Prepared,
        record: &Record,
        (person_of, but): (impl Fn(usize) -> &'p Person, Option<usize>),
    ) -> Vec<Alike> {
        let sharers = self.sharers(row);
        let sharers = sharers.into_iter().filter(|at| Some(*at) != but);
        let sharers: Vec<usize> = sharers.collect();
        for at in &sharers {
            let person = person_of(*at);
            (self.records.entry(*at)).or_insert_with(|| Record::of(person));
        }
        let known = |at: &usize| &self.records[at];
        let is_a_filler = row.keys().any(|keys| self.bears_a_filler(keys));
        // Whoever stands there under a guarantor's number may have one of their own elsewhere.
        let is_anothers = is_a_filler
            || sharers
                .iter()
                .any(|at| record.shares_a_number_with(known(at)));
        let unnumbered = is_anothers.then(|| record.without_number());
        let mut found = Vec::new();
        for at in sharers {
            let other = known(&at);
            let record = match &unnumbered {
                Some(unnumbered) if is_a_filler || !record.bears_the_number_of(other) => unnumbered,
                _ => record,
            };
            let (resolution, waterfall) = resolve(record, other, self.people);
            if resolution > Resolution::Different {
                found.push(Alike {
                    at,
                    resolution,
                    waterfall,
                });
            }
        }
        found.sort_by_key(|one| Reverse((one.resolution, one.waterfall.score())));
        found
    }

    /// Tells whether so many people bear the number of a description that it is nobody's.
    fn bears_a_filler(&self, keys: &Keys) -> bool {
        let Some(number) = keys.get(KeyOf::Ssn) else {
            return false;
        };
        let bearers = self.by_key.get(&number).map_or(0, Vec::len);
        bearers > MOST_RELATIVES || self.crowded_numbers.contains(&number)
    }

    /// Gives the slots that may be of a row's person, by what their keys tell; as where the roster is asked.
    fn sharers(&self, row: &Prepared) -> BTreeSet<usize> {
        let mut sharers = BTreeSet::new();
        for keys in row.keys() {
            let of_key = |key: i64| self.by_key.get(&key);
            let slots = keys.of_rows().filter_map(of_key);
            let slots = slots.filter(|slots| slots.len() <= MOST_ALIKE).flatten();
            let may_be = |at: &&usize| {
                let mut described = self.described[*at].iter();
                described.any(|other| keys.may_be_of_one(other))
            };
            sharers.extend(slots.filter(may_be).copied());
        }
        sharers
    }
}
