//! A person whom a batch concerns: as it was before, and what the batch makes of it.

use std::borrow::Cow;

use crate::db::entities::individual::Population;
use crate::identity::matching::keys::Keys;
use crate::identity::roster::known::Stored;
use crate::identity::roster::merge;
use crate::identity::roster::prepare::Prepared;
use crate::kernel::ids::IndividualId;
use crate::kernel::person::Person;

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
    /// Whether a row of the batch lists the person again.
    pub relisted: bool,
    /// The keys of rows that told of the person without making it.
    pub described: Vec<Keys>,
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
    /// The roster.
    Roster(&'b Stored),
}

impl<'b> Slot<'b> {
    /// Takes a person as they come.
    pub(super) fn of(
        individual: IndividualId,
        person: &'b Person,
        population: Population,
        origin: Origin<'b>,
    ) -> Self {
        Self {
            individual,
            person: Cow::Borrowed(person),
            population,
            origin,
            changed: false,
            correction: None,
            relisted: false,
            described: Vec::new(),
        }
    }

    /// Tells whether nobody listed the person any more before the batch.
    pub(super) fn was_withdrawn(&self) -> bool {
        matches!(self.origin, Origin::Roster(stored) if stored.is_withdrawn)
    }

    /// Tells whether the post or the mail house gave the address: no list knows a better one.
    pub(super) fn is_readdressed(&self) -> bool {
        matches!(self.origin, Origin::Roster(stored) if stored.is_readdressed)
    }

    /// Notes what was corrected, and what the person was before the first correction of the batch.
    pub(super) fn note(&mut self, before: Person, fields: merge::Fields) {
        let correction = self.correction.get_or_insert(Correction {
            before,
            fields: Vec::new(),
        });
        correction.fields.extend(fields);
    }
}
