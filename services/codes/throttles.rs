//! How often codes may be tried: charged before the look-up, whatever it finds, and refused when it cannot be charged.
//!
//! A guess does not choose whom it hits, so a limit per code would do nothing. Counted are the caller, the agent behind it,
//! the network of the person and the campaign.

use std::time::Duration;

use crate::db::throttle::{self, Charge, Limit, Refusal};
use crate::kernel::crypto;

use super::ctx::{Call, Ctx};
use super::error::Error;

const DOMAIN: &str = "redress.codes.throttle.v1";
const MINUTE: Duration = Duration::from_mins(1);

/// The limits, each per minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttles {
    /// Of one caller: a call center's or a page's whole backend.
    pub caller: u32,
    /// Of one agent of a call center.
    pub agent: u32,
    /// Of one network, /24 or /48.
    pub network: u32,
    /// Of one campaign.
    pub campaign: u32,
}

impl Default for Throttles {
    /// 500 look-ups a second for a campaign: fifteen times the busiest hour known (DOMAIN, "how many come").
    fn default() -> Self {
        Self {
            caller: 30_000,
            agent: 60,
            network: 60,
            campaign: 30_000,
        }
    }
}

/// Charges one try of a code of the campaign that goes by this number, known or not.
pub async fn charge(ctx: &Ctx, call: &Call, engagement_number: &str) -> Result<(), Error> {
    let limits = ctx.throttles;
    let caller = call.caller.to_string();
    let actor = call.actor();
    let mut things = vec![
        ("caller", caller.as_str(), limits.caller),
        ("campaign", engagement_number, limits.campaign),
    ];
    if call.agent.is_some() {
        things.push(("agent", actor.as_str(), limits.agent));
    }
    if let Some(network) = &call.network {
        things.push(("network", network.as_str(), limits.network));
    }
    let key = ctx.steady_key()?;
    let charges: Vec<Charge> = things
        .into_iter()
        .map(|(kind, value, count)| Charge {
            key: crypto::mac128(&key, DOMAIN, &[kind.as_bytes(), value.as_bytes()]),
            limit: Limit::per(count, MINUTE),
        })
        .collect();
    throttle::charge(&ctx.db, &charges, ctx.now())
        .await
        .map_err(|refusal| match refusal {
            Refusal::Throttled { retry_after, .. } => Error::Throttled { retry_after },
            Refusal::Storage(error) => Error::Storage(error),
        })
}
