//! A person as the tables of the roster hold them: sealed, with what may be known in the clear and the blind keys.

use serde::{Serialize, Serializer};

use crate::db::rows;
use crate::identity::matching::blind::Keys;
use crate::kernel::ids::IndividualId;
use crate::kernel::person::Person;

use super::facts::Facts;
use super::keys::RosterKeys;
use super::locale::Locale;
use super::population::Population;

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
    pub population: &'static str,
    /// Language of letters; empty where no row says one.
    pub locale: &'static str,
    /// What may be known in the clear.
    #[serde(flatten)]
    pub facts: Facts,
    /// The blind keys under the current index key.
    #[serde(flatten)]
    pub keys: Keys,
}

impl Sealed {
    /// Seals a person, and makes everything that follows from it.
    pub fn of(
        id: IndividualId,
        salt: &[u8],
        person: &Person,
        (population, locale): (Population, Option<Locale>),
        keys: &RosterKeys,
    ) -> Self {
        Self {
            id,
            salt: salt.to_vec(),
            sealed: keys.sealer.seal(id, salt, person),
            population: population.as_str(),
            locale: locale.map_or("", Locale::as_str),
            facts: Facts::of(person),
            keys: keys.current().person(person),
        }
    }
}

fn hex<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rows::hex(bytes))
}
