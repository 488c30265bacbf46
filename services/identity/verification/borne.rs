//! What several people of a roster have in common, and so proves nothing for one of them: a number that stands there for a whole family, a
//! telephone number or an e-mail address that a clinic wrote for everybody.

use std::collections::HashMap;

use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::matching::blind::Indexer;
use crate::identity::matching::contact::{self, Contact};
use crate::identity::matching::keys::KeyOf;
use crate::kernel::ids::CampaignId;
use crate::kernel::person::{Person, Text};

use super::store::{self, Borne};

/// A household shares a telephone; a contact that more people have is nobody's.
const HOUSEHOLD: i64 = 8;

/// How many people of a roster bear the numbers and contacts of some of them.
pub struct Bearers {
    indexers: Vec<Indexer>,
    people: HashMap<Borne, i64>,
}

impl Bearers {
    /// Asks the roster, in one statement whoever they are.
    pub async fn of(
        context: &Context,
        campaign: CampaignId,
        people: impl Iterator<Item = &Person>,
    ) -> Result<Self, Error> {
        let mut bearers = Self {
            indexers: context.indexers(campaign)?,
            people: HashMap::new(),
        };
        let mut keys = Vec::new();
        for person in people {
            keys.extend(person.ssn.iter().flat_map(|ssn| bearers.number(ssn)));
            for contact in contact::contacts(person) {
                keys.extend(bearers.contact(&contact));
            }
        }
        bearers.people = store::bearers(context.db.read(), campaign, &keys).await?;
        Ok(bearers)
    }

    /// Tells whether the number is a person's own: nobody else bears it.
    pub fn is_own_number(&self, ssn: &Text) -> bool {
        self.count(self.number(ssn)) <= 1
    }

    /// Gives the contacts of a person that few share, under which a secret may go out.
    pub fn own_contacts<'p>(&self, person: &'p Person) -> Vec<Contact<'p>> {
        let own = |contact: &Contact<'_>| self.count(self.contact(contact)) <= HOUSEHOLD;
        contact::contacts(person).filter(own).collect()
    }

    fn count(&self, keys: impl Iterator<Item = Borne>) -> i64 {
        keys.filter_map(|key| self.people.get(&key)).sum()
    }

    /// Under every version of the index key.
    fn number(&self, ssn: &Text) -> impl Iterator<Item = Borne> {
        let key = |indexer: &Indexer| Borne {
            of: KeyOf::Ssn,
            key: indexer.ssn(ssn.expose()),
        };
        self.indexers.iter().map(key)
    }

    fn contact(&self, contact: &Contact<'_>) -> impl Iterator<Item = Borne> {
        let key = |indexer: &Indexer| Borne {
            of: contact.kind.key_of(),
            key: indexer.contact(contact.kind, contact.value),
        };
        self.indexers.iter().map(key)
    }
}
