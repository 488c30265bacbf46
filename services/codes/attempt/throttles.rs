//! How often codes may be tried: charged before the look-up, whatever it finds, and refused when it cannot be charged.
//!
//! A guess does not choose whom it hits, so a limit per code would do nothing. Counted are the caller, the agent behind it,
//! the network of the person, the campaign, the failures of the campaign and the whole service, all in one statement. Which
//! of them is over its limit is not told. Only the failure budget depends on what a try came to, and only afterwards.
//!
//! While a campaign's failure budget is spent nothing more is charged to it. Codes are looked up all the same: a right one is
//! answered as ever, a wrong one reads THROTTLED with a time to wait instead of the refusal, the same for every cause. What
//! does a guesser learn? That others failed before, and nothing about the code tried. What is won is that pages and call
//! centers, who heed RetryInfo, slow down, and that the operator hears of it. Holding the answer back in the server was
//! considered: each call would keep one of the server's places, so a guesser could shut out everybody else.

use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::codes::failure_budget::REPORTED_EVERY;
use crate::codes::settings::Throttles;
use crate::codes::{campaign, metrics};
use crate::db::audit::{self, Event};
use crate::kernel::crypto::{self, Key};
use crate::process::throttle::{self, Budget, Charge, Limit, Refusal, Standing};
use crate::process::{self, Call};

use super::cause::Cause;

const DOMAIN: &str = "redress.codes.throttle.v1";
const MINUTE: Duration = Duration::from_mins(1);
/// The least time to wait that a failed try is told while the campaign's failure budget is spent.
const LEAST_WAIT: Duration = Duration::from_secs(10);

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
                metrics::refused(cause.as_str());
                if cause == Cause::Honey {
                    metrics::honey_used();
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
            Standing::Spent { retry_after } => process::Error::Throttled {
                retry_after: whole_seconds(retry_after).max(LEAST_WAIT),
            }
            .into(),
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
        Refusal::Throttled { retry_after, .. } => {
            context.failures.owe(failures.key, returned);
            process::Error::Throttled { retry_after }
        }
        Refusal::Storage(error) => error.into(),
    })?;
    if let Standing::Spent { .. } = standing {
        context.failures.owe(failures.key, returned);
        let once = name(&key, "failures told", engagement_number);
        report_spent(context, engagement_number, failures.key, once).await?;
    }
    Ok(Charged {
        context,
        budget: failures.key,
        standing,
    })
}

/// Tells the operator that a campaign's budget is spent, once an hour and for all processes together.
///
/// It does the same whatever code was tried: it comes before the look-up. An unknown engagement number is not reported.
async fn report_spent(
    context: &Context,
    engagement_number: &str,
    budget: Uuid,
    once: Uuid,
) -> Result<(), Error> {
    let now = context.now();
    if context.failures.is_reported(budget, now) {
        return Ok(());
    }
    let id = context.ids.next();
    let once = &[Charge {
        kind: "failures told",
        key: once,
        limit: Limit::per(1, REPORTED_EVERY),
    }];
    let reported = context.db.run_tx("failure_budget.tell", |tx| {
        Box::pin(async move {
            match throttle::charge_in(tx, once, now).await {
                Ok(()) => {}
                // Another process has reported it, or this one in a transaction that was not confirmed.
                Err(Refusal::Throttled { .. }) => return Ok(false),
                Err(Refusal::Storage(error)) => return Err(error.into()),
            }
            let Some(campaign) = campaign::store::by_number(tx, engagement_number).await? else {
                return Ok(false);
            };
            let event = Event {
                id,
                campaign_id: Some(campaign.id),
                at: now,
                actor: "service/enrollment-codes".to_owned(),
                action: "campaign.failure_budget_spent",
                subject_kind: "campaign",
                subject_id: Some(campaign.id.as_uuid()),
                detail: json!({ "failures_per_minute": context.throttles.failures }),
            };
            audit::record(tx, &[event]).await?;
            Ok::<_, Error>(true)
        })
    });
    if reported.await? {
        metrics::budget_spent();
        tracing::warn!("a campaign's failure budget is spent; the audit log names the campaign");
    }
    context.failures.reported(budget, now);
    Ok(())
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

fn one(key: &Key, kind: &'static str, value: &str, count: u32) -> Charge {
    Charge {
        kind,
        key: name(key, kind, value),
        limit: Limit::per(count, MINUTE),
    }
}

fn name(key: &Key, kind: &str, value: &str) -> Uuid {
    crypto::mac128(key, DOMAIN, &[kind.as_bytes(), value.as_bytes()])
}
