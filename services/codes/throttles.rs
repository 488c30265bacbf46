//! How often codes may be tried: charged before the look-up, whatever it finds, and refused when it cannot be charged.
//!
//! A guess does not choose whom it hits, so a limit per code would do nothing. Counted are the caller, the agent behind it,
//! the network of the person, the campaign, the failures of the campaign and the whole service, all in one statement. Which
//! of them is over is not told. Only the failure budget looks at what a try came to, and only afterwards: see [`failures`].

use std::time::Duration;

use clap::Args;
use uuid::Uuid;

use crate::db::throttle::{self, Budget, Charge, Limit, Refusal, Standing};
use crate::kernel::crypto::{self, Key};
use crate::kernel::settings::{self, limit};

use super::context::{Call, Context};
use super::enrollment::eligibility::Cause;
use super::error::Error;
use super::{failure_budget, metrics};

const DOMAIN: &str = "redress.codes.throttle.v1";
const MINUTE: Duration = Duration::from_mins(1);
/// The least that whoever fails is asked to wait while the campaign's failure budget is spent.
const SLOWLY: Duration = Duration::from_secs(10);

/// The limits, each per minute.
///
/// By default 500 look-ups a second for a campaign: fifteen times the busiest hour known (DOMAIN, "how many come"). The
/// service takes two campaigns at that pace. One try in ten may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub struct Throttles {
    /// Codes that one caller's backend may try in a minute.
    #[arg(id = "tries_per_caller", long, default_value = "30000", value_parser = limit())]
    pub caller: u32,
    /// Codes that one agent of a call center may try in a minute.
    #[arg(id = "tries_per_agent", long, default_value = "60", value_parser = limit())]
    pub agent: u32,
    /// Codes that may be tried from one network in a minute.
    #[arg(id = "tries_per_network", long, default_value = "60", value_parser = limit())]
    pub network: u32,
    /// Codes that may be tried in one campaign in a minute.
    #[arg(id = "tries_per_campaign", long, default_value = "30000", value_parser = limit())]
    pub campaign: u32,
    /// Tries that may fail in one campaign in a minute; beyond that whoever fails is slowed down, and the operator told.
    #[arg(id = "failures_per_campaign", long, default_value = "3000", value_parser = limit())]
    pub failures: u32,
    /// Codes that may be tried in all campaigns by all callers in a minute.
    #[arg(id = "tries_per_service", long, default_value = "60000", value_parser = limit())]
    pub service: u32,
}

impl Default for Throttles {
    fn default() -> Self {
        settings::defaults()
    }
}

/// A try that was charged, to be answered with what it came to.
#[must_use]
pub struct Charged<'a> {
    context: &'a Context,
    budget: Uuid,
    standing: Standing,
}

impl Charged<'_> {
    /// Gives a caller the answer: what was found, or the one refusal for every cause.
    pub fn answer<T>(self, found: Result<T, Cause>) -> Result<T, Error> {
        match found {
            Ok(found) => {
                if self.standing == Standing::Charged {
                    self.context.failures.owe(self.budget, 1);
                }
                Ok(found)
            }
            Err(cause) => {
                metrics::refused(cause);
                if cause == Cause::Honey {
                    tracing::warn!(
                        "a code that belongs to nobody was tried; the audit log names its batch"
                    );
                }
                Err(self.refusal())
            }
        }
    }

    fn refusal(&self) -> Error {
        match self.standing {
            Standing::Charged => Error::CodeNotAccepted,
            Standing::Spent { retry_after } => Error::Throttled {
                retry_after: whole_seconds(retry_after).max(SLOWLY),
            },
        }
    }
}

/// Rounds up: nobody needs to know to the microsecond how others fare.
fn whole_seconds(wait: Duration) -> Duration {
    let more = u64::from(wait.subsec_nanos() > 0);
    Duration::from_secs(wait.as_secs() + more)
}

/// Charges one try of a code of the campaign that goes by this number, known or not.
pub async fn charge<'a>(
    context: &'a Context,
    call: &Call,
    engagement_number: &str,
) -> Result<Charged<'a>, Error> {
    let key = context.steady_key()?;
    let things = things(context.throttles, call, engagement_number);
    let charges: Vec<Charge> = things
        .iter()
        .map(|(kind, value, count)| one(&key, kind, value, *count))
        .collect();
    let failures = one(
        &key,
        "failures",
        engagement_number,
        context.throttles.failures,
    );
    let returned = context.failures.take(failures.key);
    let budget = Budget {
        charge: failures,
        returned,
    };
    let result = throttle::charge_with(&context.db, &charges, budget, context.now()).await;
    let standing = result.map_err(|refusal| match refusal {
        Refusal::Throttled { index, retry_after } => {
            context.failures.owe(failures.key, returned);
            metrics::throttled(things[index].0);
            Error::Throttled { retry_after }
        }
        Refusal::Storage(error) => Error::Storage(error),
    })?;
    if let Standing::Spent { .. } = standing {
        context.failures.owe(failures.key, returned);
        metrics::throttled("failures");
        let once = name(&key, "failures told", engagement_number);
        failure_budget::tell(context, engagement_number, failures, once).await?;
    }
    Ok(Charged {
        context,
        budget: failures.key,
        standing,
    })
}

/// What one try is charged to: kind, which one, and how many a minute.
fn things(limits: Throttles, call: &Call, number: &str) -> Vec<(&'static str, String, u32)> {
    let mut things = vec![
        ("caller", call.caller.to_string(), limits.caller),
        ("campaign", number.to_owned(), limits.campaign),
        ("service", String::new(), limits.service),
    ];
    if call.agent.is_some() {
        things.push(("agent", call.actor(), limits.agent));
    }
    if let Some(network) = &call.network {
        things.push(("network", network.as_str().to_owned(), limits.network));
    }
    things
}

fn one(key: &Key, kind: &str, value: &str, count: u32) -> Charge {
    Charge {
        key: name(key, kind, value),
        limit: Limit::per(count, MINUTE),
    }
}

fn name(key: &Key, kind: &str, value: &str) -> Uuid {
    crypto::mac128(key, DOMAIN, &[kind.as_bytes(), value.as_bytes()])
}
