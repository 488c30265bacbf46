//! What every command works with, and for whom.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::db::Db;
use crate::db::audit::Event;
use crate::db::entities::campaign_key;
use crate::kernel::caller::{Agent, Caller, Network};
use crate::kernel::clock::{Clock, Timestamp};
use crate::kernel::crypto::Key;
use crate::kernel::ids::{CampaignId, Ids};
use crate::kernel::keyring::{KeyProvider, Purpose};
use crate::kernel::person::PersonSealer;

use super::error::Error;
use super::matching::blind::Indexer;
use super::rules::Rules;
use super::sender::Sender;

/// The means of the process. Clones share them.
#[derive(Clone)]
pub struct Context {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Ids and random values.
    pub ids: Ids,
    /// The index keys and the keys that wrap campaign keys.
    pub keys: Arc<dyn KeyProvider>,
    /// Who carries confirmation codes to people.
    pub sender: Arc<dyn Sender>,
    /// Limits and life times.
    pub rules: Rules,
}

impl Context {
    /// Gives the current instant.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Gives the indexers of a campaign, the current version first. Rows written under older versions are still found.
    pub fn indexers(&self, campaign: CampaignId) -> Result<Vec<Indexer>, Error> {
        let versions = self.keys.versions(Purpose::Index).into_iter().rev();
        let indexers: Vec<Indexer> = versions
            .map(|version| {
                self.keys
                    .get(Purpose::Index, version)
                    .map(|key| Indexer::new(campaign, &key))
            })
            .collect::<Result<_, _>>()
            .map_err(|_| Error::Key)?;
        if indexers.is_empty() {
            Err(Error::Key)
        } else {
            Ok(indexers)
        }
    }

    /// Gives the indexer for confirmation codes: the oldest, which stays the same when keys are rotated.
    pub fn steady_indexer(&self, campaign: CampaignId) -> Result<Indexer, Error> {
        self.indexers(campaign)?.pop().ok_or(Error::Key)
    }

    /// Gives the key for fingerprints and throttles: the oldest one, which stays the same when keys are rotated.
    pub fn steady_key(&self) -> Result<Key, Error> {
        let oldest = self.keys.versions(Purpose::Index).first().copied();
        self.keys
            .get(Purpose::Index, oldest.ok_or(Error::Key)?)
            .map_err(|_| Error::Key)
    }

    /// Makes the data key of a campaign, and its row.
    pub fn new_campaign_key(&self, campaign: CampaignId) -> Result<campaign_key::Model, Error> {
        let (key_version, master) = self.keys.current(Purpose::Person).map_err(|_| Error::Key)?;
        let sealer = PersonSealer::new(campaign, Key::from_bytes(self.ids.random()));
        Ok(campaign_key::Model {
            campaign_id: campaign,
            key_version,
            wrapped: Some(sealer.wrap(&master)),
            created_at: self.now(),
            destroyed_at: None,
        })
    }

    /// Opens the data key of a campaign.
    pub fn sealer(&self, row: &campaign_key::Model) -> Result<PersonSealer, Error> {
        let wrapped = row.wrapped.as_ref().ok_or(Error::CampaignErased)?;
        let master = self
            .keys
            .get(Purpose::Person, row.key_version)
            .map_err(|_| Error::Key)?;
        PersonSealer::unwrap(&master, row.campaign_id, wrapped).map_err(|_| Error::Key)
    }
}

/// For whom a command runs.
#[derive(Clone, Debug)]
pub struct Call {
    /// The authenticated caller.
    pub caller: Caller,
    /// The agent behind a call center.
    pub agent: Option<Agent>,
    /// The network of the person.
    pub network: Option<Network>,
}

impl Call {
    /// Names who acts, for audit events and for the rule of two people: `role/name`, with the agent behind it.
    pub fn actor(&self) -> String {
        match &self.agent {
            None => self.caller.to_string(),
            Some(agent) => format!("{}/{}", self.caller, agent.agent),
        }
    }

    /// Makes an audit event of this call, with the agent's case and reason in its detail.
    pub fn event(
        &self,
        context: &Context,
        campaign: Option<CampaignId>,
        act: Act,
        mut detail: Value,
    ) -> Event {
        if let (Some(agent), Some(fields)) = (&self.agent, detail.as_object_mut()) {
            fields.insert("case".to_owned(), json!(agent.case));
            fields.insert("reason".to_owned(), json!(agent.reason));
        }
        Event {
            id: context.ids.next(),
            campaign_id: campaign,
            at: context.now(),
            actor: self.actor(),
            action: act.action,
            subject_kind: act.subject_kind,
            subject_id: act.subject_id,
            detail,
        }
    }
}

/// What was done to which thing.
#[derive(Clone, Copy, Debug)]
pub struct Act {
    /// What was done, such as `verification.decided`.
    pub action: &'static str,
    /// To what kind of thing.
    pub subject_kind: &'static str,
    /// To which one.
    pub subject_id: Option<Uuid>,
}

impl Act {
    /// Names an act on one thing.
    pub fn on(action: &'static str, subject_kind: &'static str, subject: impl Into<Uuid>) -> Self {
        Self {
            action,
            subject_kind,
            subject_id: Some(subject.into()),
        }
    }
}
