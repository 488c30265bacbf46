//! The keys with which a campaign's roster is written and read.

use crate::db::entities::campaign_key;
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::matching::blind::Indexer;
use crate::kernel::person_sealer::PersonSealer;

/// Encrypts people and makes their blind keys.
#[derive(Clone, Debug)]
pub struct RosterKeys {
    /// Encrypts and decrypts the people of the campaign.
    pub sealer: PersonSealer,
    /// The version of the key that wraps the campaign's data key.
    pub key_version: i32,
    /// The indexers, the current version first. There is always one.
    pub indexers: Vec<Indexer>,
}

impl RosterKeys {
    /// Unwraps the keys of a campaign.
    pub fn of(context: &Context, row: &campaign_key::Model) -> Result<Self, Error> {
        Ok(Self {
            sealer: context.sealer(row)?,
            key_version: row.key_version,
            indexers: context.indexers(row.campaign_id)?,
        })
    }

    /// Gives the indexer for new rows.
    pub fn current(&self) -> &Indexer {
        &self.indexers[0]
    }
}
