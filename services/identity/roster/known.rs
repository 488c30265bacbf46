//! What the roster holds about the rows of a batch.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::db::entities::individual::Population;
use crate::identity::matching::keys::Keys;
use crate::kernel::ids::IndividualId;
use crate::kernel::person::Person;

/// What was found of the rows of a batch.
#[derive(Debug, Default)]
pub struct Known {
    /// What was loaded under a reference, by its MAC, which has the covered entity in it.
    pub references: HashMap<Uuid, Listed>,
    /// Those who were loaded under one of the references, or share a blind key with a row.
    pub people: Vec<Stored>,
    /// The descriptions of them that share a blind key with a row.
    pub keys: Vec<(IndividualId, Keys)>,
    /// Keys of numbers that so many people bear that none of them was looked up by it.
    pub crowded_numbers: HashSet<i64>,
    /// How many people were ever loaded.
    pub people_in_all: u64,
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
    /// Whether the post or the mail house gave the address.
    pub is_readdressed: bool,
}
