//! For whom a command runs.

use prost::Message;
use serde_json::{Value, json};
use tonic::Request as Incoming;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::db::audit::Event;
use crate::kernel::caller::{self, Agent, Caller, Network};
use crate::kernel::crypto;
use crate::kernel::fault::Fault;
use crate::kernel::ids::CampaignId;
use crate::kernel::telemetry;

use super::context::{Act, Context};
use super::error::Error;
use super::request::Request;

const FINGERPRINT: &str = "redress.fingerprint.v1";

/// One call: who makes it, for which agent, from which network.
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
    /// Reads who calls, as the server's layers authenticated it.
    ///
    /// # Errors
    /// A fault where the call came past those layers.
    pub fn of<T>(incoming: &Incoming<T>) -> Result<Self, Fault> {
        Ok(Self {
            caller: caller::of(incoming)?,
            agent: caller::agent_of(incoming),
            network: caller::network_of(incoming),
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

    /// Tells whether an actor is an agent, and not a caller alone.
    pub fn has_agent(actor: &str) -> bool {
        actor.split('/').nth(2).is_some()
    }

    /// Tells whether this caller may reach what an actor began: whoever speaks for affected people reaches only what it began
    /// itself, through whichever of its agents.
    pub fn reaches(&self, began: &str) -> bool {
        !self.caller.role.is_front_end()
            || began
                .strip_prefix(&self.caller.to_string())
                .is_some_and(|agent| agent.is_empty() || agent.starts_with('/'))
    }

    /// Tells whether this caller may reach an enrollment: a front end what it began, or went on with.
    pub fn reaches_enrollment(&self, started_by: &str, continued_by: Option<&str>) -> bool {
        self.reaches(started_by) || continued_by.is_some_and(|actor| self.reaches(actor))
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
        context.event(self.actor(), campaign, act, detail)
    }

    /// Identifies this call's request, so that the same one is recognised when it comes again. The fingerprint is a keyed hash:
    /// requests hold personal data and codes.
    ///
    /// # Errors
    /// [`Error::Key`] where the process has no key to hash with.
    pub fn request<M: Message>(
        &self,
        context: &Context,
        id: Uuid,
        method: &'static str,
        message: &M,
    ) -> Result<Request, Error> {
        let encoded = Zeroizing::new(message.encode_to_vec());
        let keys = context.request_keys()?;
        let mut fingerprints = keys
            .iter()
            .map(|key| crypto::mac128(key, FINGERPRINT, &[method.as_bytes(), &encoded]));
        Ok(Request {
            id,
            caller: self.caller.to_string(),
            method,
            fingerprint: fingerprints.next().unwrap_or_default(),
            others: fingerprints.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::kernel::caller::Role;

    use super::*;

    #[test]
    fn a_front_reaches_what_it_began_and_operators_reach_everything() {
        let by = |role, name| Call::plain(Caller::new(role, name).unwrap());
        let center = by(Role::CallCenter, "acme");
        assert!(center.reaches("call-center/acme") && center.reaches("call-center/acme/a.b@c"));
        for foreign in ["call-center/acme2", "call-center/acm", "portal/acme", ""] {
            assert!(!center.reaches(foreign), "{foreign}");
        }
        assert!(!by(Role::Portal, "web").reaches("portal/other"));
        assert!(by(Role::Operator, "one").reaches("portal/other"));
    }
}
