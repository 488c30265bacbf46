//! How often an identity may be tried. Every try is charged before the comparison, whatever it finds; without a charge there is
//! no comparison.
//!
//! With a letter, tries are counted by the letter: cancelling the enrollment and beginning another does not reset the count, a
//! new letter does. There are three limits: an hour's, a day's, and the letter's own, which holds for as long as a letter is good.
//! Only its first tries can be verified by what is claimed; after as many wrong ones a person looks at what is right. These few
//! are counted with the answer, so that a fault of ours, or the same call again, spends none of them. An agent's tries are
//! counted by agent and letter, and not among those of the letter: nothing that is spent by the letter alone stops somebody who
//! stands before an agent. Without a letter, tries are counted by each blind key of the
//! claims, whether anybody like that is on the roster or not: so a guesser has a few tries for each claimed person, and learns
//! nothing from being throttled. A key that holds the birth date changes with every guess at it, so the name is counted by
//! itself as well. An agent's tries without a letter are counted by agent, too.

use uuid::Uuid;

use crate::db::Tx;
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::rules::{LETTER_LIFE, PER_DAY, PER_HOUR, PER_MINUTE};
use crate::kernel::clock::Timestamp;
use crate::kernel::crypto::{self, Key};
use crate::process::Call;
use crate::process::throttle::{self, Budget, Charge, Limit, Refusal, Standing};

/// So many networks it takes to spend all tries of a name.
const NETWORKS_A_NAME: u32 = 5;

const DOMAIN: &str = "redress.identity.throttle.v1";

/// Makes the charges of a call.
pub struct Meter<'a> {
    context: &'a Context,
    key: Key,
    agent: Option<String>,
    network: Option<String>,
    charges: Vec<Charge>,
    tries: Option<Budget>,
}

impl<'a> Meter<'a> {
    /// Starts with what every call is charged for: the caller, its agent, the network, and the campaign, which need not
    /// exist.
    pub fn of(context: &'a Context, call: &Call, engagement_number: &str) -> Result<Self, Error> {
        let limits = context.rules.throttles;
        let mut meter = Self {
            context,
            key: context.steady_key()?,
            agent: call.agent.is_some().then(|| call.actor()),
            network: call
                .network
                .as_ref()
                .map(|network| network.as_str().to_owned()),
            charges: Vec::new(),
            tries: None,
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

    /// Adds whom somebody without a letter claims to be: the name, which many people share, and what the other claims lead to. Of a name's
    /// tries one network can spend a fifth. Whoever stands before an agent is counted with that agent, whatever strangers have spent.
    #[must_use]
    pub fn claims(mut self, name: &[u8], claimed: impl Iterator<Item = Vec<u8>>) -> Self {
        if let Some(agent) = self.agent.clone() {
            return claimed.fold(self, |meter, claim| {
                let value = [&claim, agent.as_bytes()].concat();
                meter.person("claims attended", &value)
            });
        }
        let limit = self.context.rules.throttles.name;
        self.add("name", name, Limit::per(limit, PER_DAY));
        if let Some(network) = self.network.clone() {
            let value = [name, network.as_bytes()].concat();
            let share = (limit / NETWORKS_A_NAME).max(1);
            self.add("name of a network", &value, Limit::per(share, PER_DAY));
        }
        claimed.fold(self, |meter, claim| meter.person("claims", &claim))
    }

    /// Adds a letter: the tries that are allowed at all, and those that can be verified by what is claimed.
    #[must_use]
    pub fn letter(self, letter: Uuid) -> Self {
        let limits = self.context.rules.throttles;
        let id = letter.as_bytes();
        let day = Limit::per(limits.person_a_day, PER_DAY);
        let ever = |count| Limit::per(count, LETTER_LIFE.saturating_mul(count));
        let mut meter = if let Some(agent) = &self.agent {
            let value = [id, agent.as_bytes()].concat();
            let mut meter = self.person("attended", &value);
            meter.add("attended a day", &value, day);
            meter
        } else {
            let mut meter = self.person("letter", id);
            meter.add("letter a day", id, day);
            meter.add("letter ever", id, ever(limits.letter));
            meter
        };
        meter.tries = Some(Budget {
            charge: meter.one("letter verified", id, ever(limits.letter_verified)),
            returned: 0,
        });
        meter
    }

    fn add(&mut self, kind: &'static str, value: &[u8], limit: Limit) {
        let charge = self.one(kind, value, limit);
        self.charges.push(charge);
    }

    fn one(&self, kind: &'static str, value: &[u8], limit: Limit) -> Charge {
        let key = crypto::mac128(&self.key, DOMAIN, &[kind.as_bytes(), value]);
        Charge { key, kind, limit }
    }

    /// Charges a try in a transaction under way.
    pub async fn charge_in(&self, tx: &Tx<'_>, now: Timestamp) -> Result<(), Refusal> {
        throttle::charge_in(tx, &self.charges, now).await
    }

    /// Takes one of the letter's tries that can be verified, in the transaction that writes what the try came to: a try that
    /// was not answered costs none of them. Without a letter none is taken.
    pub async fn take_try_in(&self, tx: &Tx<'_>, now: Timestamp) -> Result<Standing, Refusal> {
        match self.tries {
            Some(tries) => throttle::charge_with_in(tx, &[], tries, now).await,
            None => Ok(Standing::Charged),
        }
    }

    /// Gives the letter's tries back: whoever was right is no guesser.
    pub async fn give_tries_back_in(&self, tx: &Tx<'_>) -> Result<(), Error> {
        if let Some(tries) = self.tries {
            throttle::clear_in(tx, tries.charge.key).await?;
        }
        Ok(())
    }

    /// Charges in a transaction of its own.
    pub async fn charge(self) -> Result<(), Error> {
        let now = self.context.now();
        Ok(throttle::charge(&self.context.db, &self.charges, now).await?)
    }
}

/// Gives the charge for one code sent to an individual, or for one that is not sent to anybody.
pub fn send_charge(context: &Context, kind: &'static str, whose: Uuid) -> Result<Charge, Error> {
    let key = crypto::mac128(
        &context.steady_key()?,
        DOMAIN,
        &[kind.as_bytes(), whose.as_bytes()],
    );
    Ok(Charge {
        kind,
        key,
        limit: Limit::per(context.rules.throttles.sends, PER_DAY),
    })
}
