//! What every command works with.

use std::ops::Deref;
use std::sync::Arc;

use crate::db::entities::campaign_key;
use crate::kernel::crypto::Key;
use crate::kernel::ids::CampaignId;
use crate::kernel::keyring::Purpose;
use crate::kernel::person_sealer::PersonSealer;
use crate::process;

use super::error::Error;
use super::matching::blind::Indexer;
use super::rules::Rules;
use super::sender::Sender;

/// What the process works with. Clones share everything.
#[derive(Clone)]
pub struct Context {
    /// What every process has. Its keys are the index keys and those that wrap campaign keys.
    pub common: process::Context,
    /// Sends confirmation codes to people.
    pub sender: Arc<dyn Sender>,
    /// Limits and lifetimes.
    pub rules: Rules,
}

impl Deref for Context {
    type Target = process::Context;

    fn deref(&self) -> &process::Context {
        &self.common
    }
}

impl Context {
    /// Gives the indexers of a campaign, the current version first. Rows written under older versions are still found, and so
    /// are those of a process that uses a version which is on standby here.
    pub fn indexers(&self, campaign: CampaignId) -> Result<Vec<Indexer>, Error> {
        let keys = self.keys.current_first(Purpose::Index)?;
        let indexers = keys.iter().map(|key| Indexer::new(campaign, key));
        Ok(indexers.collect())
    }

    /// Gives the indexer for confirmation codes: the oldest, which stays the same when keys are rotated.
    pub fn steady_indexer(&self, campaign: CampaignId) -> Result<Indexer, Error> {
        Ok(Indexer::new(campaign, &self.steady_key()?))
    }

    /// Makes the data key of a campaign, and its row.
    pub fn new_campaign_key(&self, campaign: CampaignId) -> Result<campaign_key::Model, Error> {
        let (key_version, master) = self.keys.current(Purpose::Person)?;
        let sealer = PersonSealer::new(campaign, Key::from_bytes(self.ids.random()));
        Ok(campaign_key::Model {
            campaign_id: campaign,
            key_version,
            wrapped: Some(sealer.wrap(&master)),
            created_at: self.now(),
            destroyed_at: None,
        })
    }

    /// Unwraps the data key of a campaign.
    pub fn sealer(&self, row: &campaign_key::Model) -> Result<PersonSealer, Error> {
        let wrapped = row.wrapped.as_ref().ok_or(Error::CampaignErased)?;
        let master = self.keys.get(Purpose::Person, row.key_version)?;
        PersonSealer::unwrap(&master, row.campaign_id, wrapped)
            .map_err(|_| process::Error::wrong_key().into())
    }
}
