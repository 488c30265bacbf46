//! How often letters may be sent again: to one person, and by one agent.
//!
//! Charged in the transaction that makes the code, so that a letter that is not sent is not counted.

use std::time::Duration;

use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db::Tx;
use crate::kernel::crypto;
use crate::kernel::ids::{CampaignId, IndividualId};
use crate::process::throttle::{self, Charge, Limit, Refusal};

const DOMAIN: &str = "redress.codes.reissue.v1";
const DAY: Duration = Duration::from_hours(24);

/// Charges what an agent does.
pub async fn charge_agent(context: &Context, tx: &Tx<'_>, agent: &str) -> Result<(), Error> {
    let limit = Limit::per(context.reissues.per_agent, DAY);
    charge(context, tx, &[b"agent", agent.as_bytes()], limit).await
}

/// Charges a letter that was ordered without an agent: one a person in 30 days.
pub async fn charge_order(
    context: &Context,
    tx: &Tx<'_>,
    campaign: CampaignId,
    individual: IndividualId,
) -> Result<(), Error> {
    let limit = Limit::per(1, 30 * DAY);
    let parts: [&[u8]; 3] = [b"order", campaign.as_bytes(), individual.as_bytes()];
    charge(context, tx, &parts, limit).await
}

/// Charges a letter to a person.
pub async fn charge_person(
    context: &Context,
    tx: &Tx<'_>,
    campaign: CampaignId,
    individual: IndividualId,
) -> Result<(), Error> {
    let limit = Limit::per(context.reissues.per_person, 90 * DAY);
    let parts: [&[u8]; 3] = [b"person", campaign.as_bytes(), individual.as_bytes()];
    charge(context, tx, &parts, limit).await
}

async fn charge(
    context: &Context,
    tx: &Tx<'_>,
    parts: &[&[u8]],
    limit: Limit,
) -> Result<(), Error> {
    let key = crypto::mac128(&context.steady_key()?, DOMAIN, parts);
    let kind = "reissue";
    let charged = throttle::charge_in(tx, &[Charge { key, kind, limit }], context.now()).await;
    charged.map_err(|refusal| match refusal {
        Refusal::Throttled { retry_after, .. } => Error::ReissueLimit { retry_after },
        Refusal::Storage(error) => error.into(),
    })
}
