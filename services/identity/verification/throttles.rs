//! How often an identity may be tried. Every try is charged before the comparison, whatever it finds; without a charge there is
//! no comparison.
//!
//! With a letter, tries are counted by individual: cancelling the enrollment and beginning another does not reset the count.
//! There are three limits: an hour's, a day's, and one so slow that it holds for the life of a campaign, as NIST SP 800-63B-4
//! asks for (at most 100 failures in a row, section 3.2.2). Without a letter, tries are counted by each blind key of the
//! claims, whether anybody like that is on the roster or not: so a guesser has a few tries for each claimed person, and learns
//! nothing from being throttled. A key that holds the birth date changes with every guess at it, so the name is counted by
//! itself as well.

use uuid::Uuid;

use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::rules::{PER_DAY, PER_HOUR, PER_MINUTE};
use crate::kernel::crypto::{self, Key};
use crate::kernel::ids::IndividualId;
use crate::process::Call;
use crate::process::throttle::{self, Charge, Limit};

const DOMAIN: &str = "redress.identity.throttle.v1";

/// Makes the charges of a call.
pub struct Meter<'a> {
    context: &'a Context,
    key: Key,
    charges: Vec<Charge>,
}

impl<'a> Meter<'a> {
    /// Starts with what every call is charged for: the caller, its agent, the network, and the campaign, which need not
    /// exist.
    pub fn of(context: &'a Context, call: &Call, engagement_number: &str) -> Result<Self, Error> {
        let limits = context.rules.throttles;
        let mut meter = Self {
            context,
            key: context.steady_key()?,
            charges: Vec::new(),
        };
        let caller = call.caller.to_string();
        meter.add(
            "caller",
            caller.as_bytes(),
            Limit::per(limits.caller, PER_MINUTE),
        );
        meter.add(
            "campaign",
            engagement_number.as_bytes(),
            Limit::per(limits.campaign, PER_MINUTE),
        );
        if call.agent.is_some() {
            meter.add(
                "agent",
                call.actor().as_bytes(),
                Limit::per(limits.agent, PER_MINUTE),
            );
        }
        if let Some(network) = &call.network {
            meter.add(
                "network",
                network.as_str().as_bytes(),
                Limit::per(limits.network, PER_MINUTE),
            );
        }
        Ok(meter)
    }

    /// Adds a person, identified by this value.
    #[must_use]
    pub fn person(mut self, kind: &'static str, value: &[u8]) -> Self {
        let limit = Limit::per(self.context.rules.throttles.person, PER_HOUR);
        self.add(kind, value, limit);
        self
    }

    /// Adds a claimed name, which many people share.
    #[must_use]
    pub fn name(mut self, value: &[u8]) -> Self {
        let limit = Limit::per(self.context.rules.throttles.name, PER_DAY);
        self.add("name", value, limit);
        self
    }

    /// Adds the individual of a letter.
    #[must_use]
    pub fn individual(self, id: Uuid) -> Self {
        let limits = self.context.rules.throttles;
        let mut meter = self.person("individual", id.as_bytes());
        let day = Limit::per(limits.person_a_day, PER_DAY);
        meter.add("individual a day", id.as_bytes(), day);
        let ever = Limit::per(limits.person_ever, PER_DAY * limits.person_ever);
        meter.add("individual ever", id.as_bytes(), ever);
        meter
    }

    fn add(&mut self, kind: &'static str, value: &[u8], limit: Limit) {
        let key = crypto::mac128(&self.key, DOMAIN, &[kind.as_bytes(), value]);
        self.charges.push(Charge { key, kind, limit });
    }

    /// Gives the charges.
    pub fn charges(self) -> Vec<Charge> {
        self.charges
    }

    /// Charges in a transaction of its own.
    pub async fn charge(self) -> Result<(), Error> {
        let now = self.context.now();
        Ok(throttle::charge(&self.context.db, &self.charges, now).await?)
    }
}

/// Gives the charge for one code sent to an individual.
pub fn send_charge(context: &Context, individual: IndividualId) -> Result<Charge, Error> {
    let key = crypto::mac128(
        &context.steady_key()?,
        DOMAIN,
        &[b"send", individual.as_bytes()],
    );
    Ok(Charge {
        kind: "send",
        key,
        limit: Limit::per(context.rules.throttles.sends, PER_DAY),
    })
}
