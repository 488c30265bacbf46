//! A person as the tables of the roster hold them: sealed, with the columns in the clear and the blind keys.

use serde::{Serialize, Serializer};

use crate::db::entities::individual::Population;
use crate::db::rows;
use crate::identity::matching::keys::Keys;
use crate::kernel::ids::IndividualId;
use crate::kernel::person::Person;

use super::clear_columns::ClearColumns;
use super::keys::RosterKeys;

/// The columns of a person. Their names are those of the fields.
#[derive(Clone, Serialize)]
pub struct Sealed {
    /// Who.
    pub id: IndividualId,
    /// What the person's key derives from.
    #[serde(serialize_with = "hex")]
    pub salt: Vec<u8>,
    /// The person, sealed.
    #[serde(serialize_with = "hex")]
    pub sealed: Vec<u8>,
    /// Which rules apply.
    pub population: Population,
    /// Whether the address is another one than before, so that letters that came back say nothing about it.
    pub moved: bool,
    /// Whether somebody lists the person again who was taken off the list.
    pub relisted: bool,
    /// What is stored in the clear.
    #[serde(flatten)]
    pub clear: ClearColumns,
    /// The blind keys under the current index key.
    #[serde(flatten)]
    pub keys: Keys,
}

impl Sealed {
    /// Seals a person, and makes the columns that follow from them.
    pub fn of(
        id: IndividualId,
        salt: &[u8],
        person: &Person,
        population: Population,
        keys: &RosterKeys,
    ) -> Self {
        Self {
            id,
            salt: salt.to_vec(),
            sealed: keys.sealer.seal(id, salt, person),
            population,
            moved: false,
            relisted: false,
            clear: ClearColumns::of(person),
            keys: keys.current().person(person),
        }
    }
}

fn hex<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rows::hex(bytes))
}
