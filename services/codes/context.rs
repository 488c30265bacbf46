//! What every command works with, and for whom.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::db::Db;
use crate::db::audit::Event;
use crate::kernel::caller::{Agent, Caller, Network};
use crate::kernel::clock::{Clock, Timestamp};
use crate::kernel::crypto::Key;
use crate::kernel::ids::{CampaignId, Ids};
use crate::kernel::keyring::{KeyProvider, Purpose};

use super::campaign::campaign_cache::Frame;
use super::error::Error;
use super::failure_budget::Ledger;
use super::letter::reissue_limits::Reissues;
use super::throttles::Throttles;

/// The means of the process. Clones share them.
#[derive(Clone)]
pub struct Context {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Ids and random values.
    pub ids: Ids,
    /// The code keys.
    pub keys: Arc<dyn KeyProvider>,
    /// How often codes may be tried.
    pub throttles: Throttles,
    /// What is to be given back to the campaigns' failure budgets.
    pub failures: Arc<Ledger>,
    /// How often letters may be sent again.
    pub reissues: Reissues,
    frames: Arc<RwLock<HashMap<CampaignId, Arc<Frame>>>>,
}

impl Context {
    /// Gathers the means.
    pub fn new(
        db: Db,
        clock: Clock,
        ids: Ids,
        keys: Arc<dyn KeyProvider>,
        throttles: Throttles,
    ) -> Self {
        Self {
            db,
            clock,
            ids,
            keys,
            throttles,
            failures: Arc::default(),
            reissues: Reissues::default(),
            frames: Arc::default(),
        }
    }

    /// Sets how often letters may be sent again.
    #[must_use]
    pub fn with_reissues(mut self, reissues: Reissues) -> Self {
        self.reissues = reissues;
        self
    }

    /// Gives the current instant.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Gives the current code key and its version.
    pub fn current_key(&self) -> Result<(i32, Key), Error> {
        self.keys.current(Purpose::Code).map_err(|_| Error::Key)
    }

    /// Gives a code key by its version.
    pub fn key(&self, version: i32) -> Result<Key, Error> {
        self.keys
            .get(Purpose::Code, version)
            .map_err(|_| Error::Key)
    }

    /// Gives the key for fingerprints and throttles: the oldest one, which stays the same when keys are rotated.
    pub fn steady_key(&self) -> Result<Key, Error> {
        let version = self.keys.versions(Purpose::Code).first().copied();
        self.key(version.ok_or(Error::Key)?)
    }

    /// Finds what is known for good about a campaign, if it was read before.
    pub(crate) fn known_frame(&self, wanted: impl Fn(&Frame) -> bool) -> Option<Arc<Frame>> {
        let frames = self.frames.read().unwrap_or_else(PoisonError::into_inner);
        frames.values().find(|frame| wanted(frame)).cloned()
    }

    pub(crate) fn keep_frame(&self, frame: Frame) -> Arc<Frame> {
        let frame = Arc::new(frame);
        let mut frames = self.frames.write().unwrap_or_else(PoisonError::into_inner);
        frames.insert(frame.id, Arc::clone(&frame));
        frame
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
    /// W3C `traceparent` of the call.
    pub trace: Option<String>,
}

impl Call {
    /// A call without an agent, a network or a trace.
    pub fn plain(caller: Caller) -> Self {
        Self {
            caller,
            agent: None,
            network: None,
            trace: None,
        }
    }

    /// Names who acts, for audit events: `role/name`, with the agent behind it.
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
        campaign_id: Option<CampaignId>,
        action: &'static str,
        subject: (&'static str, Option<Uuid>),
        mut detail: Value,
    ) -> Event {
        if let (Some(agent), Some(fields)) = (&self.agent, detail.as_object_mut()) {
            fields.insert("case".to_owned(), json!(agent.case));
            fields.insert("reason".to_owned(), json!(agent.reason));
        }
        Event {
            id: context.ids.next(),
            campaign_id,
            at: context.now(),
            actor: self.actor(),
            action,
            subject_kind: subject.0,
            subject_id: subject.1,
            detail,
        }
    }
}
