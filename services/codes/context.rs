//! What every command works with, and for whom.

use std::sync::Arc;

use prost::Message;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::db::Db;
use crate::db::audit::Event;
use crate::db::idempotency::Request;
use crate::kernel::caller::{self, Agent, Caller, Network};
use crate::kernel::clock::{Clock, Timestamp};
use crate::kernel::crypto::{self, Key};
use crate::kernel::ids::{CampaignId, Ids};
use crate::kernel::keyring::{KeyProvider, Purpose};
use crate::kernel::telemetry;

use super::campaign::campaign_cache::CampaignCache;
use super::error::Error;
use super::failure_budget::FailureBudgets;
use super::settings::{Reissues, Throttles};

const FINGERPRINT: &str = "redress.codes.fingerprint.v1";

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
    pub failures: Arc<FailureBudgets>,
    /// How often letters may be sent again.
    pub reissues: Reissues,
    /// What does not change about campaigns.
    pub campaign_cache: Arc<CampaignCache>,
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
            campaign_cache: Arc::default(),
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

    /// Makes the request that a repeated call is known again by. The fingerprint is keyed: requests hold codes.
    pub fn request<M: Message>(
        &self,
        call: &Call,
        id: Uuid,
        method: &'static str,
        message: &M,
    ) -> Result<Request, Error> {
        let parts: [&[u8]; 2] = [method.as_bytes(), &message.encode_to_vec()];
        Ok(Request {
            id,
            caller: call.caller.to_string(),
            method,
            fingerprint: crypto::mac128(&self.steady_key()?, FINGERPRINT, &parts),
        })
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
    /// Finds out for whom a request runs.
    pub fn of<T>(request: &tonic::Request<T>) -> Result<Self, Error> {
        Ok(Self {
            caller: caller::of(request)?,
            agent: caller::agent_of(request),
            network: caller::network_of(request),
            trace: telemetry::current_traceparent(),
        })
    }

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
