//! From which network somebody claimed on a page. Only a keyed hash is kept, bound to the referral: it tells nothing, and no two of them
//! can be compared.

use uuid::Uuid;

use crate::db::entities::referral;
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::kernel::caller::{Network, Role};
use crate::kernel::crypto;
use crate::kernel::ids::{CampaignId, ReferralId};
use crate::process::Call;

const DOMAIN: &str = "redress.referral.network.v1";

/// Hashes the network of a claim that a portal makes; a call center's caller is seen by its agent.
pub fn of_claim(
    context: &Context,
    call: &Call,
    referral: (CampaignId, ReferralId),
) -> Result<Option<Uuid>, Error> {
    let network = call.network.as_ref();
    let Some(network) = network.filter(|_| call.caller.role == Role::Portal) else {
        return Ok(None);
    };
    let hashes = hashes(context, network, referral)?;
    Ok(hashes.first().copied())
}

/// Where a reviewer calls from, seen from the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From another network, or the claim has none; operators answer for themselves with their certificates.
    Elsewhere,
    /// From the network of the claim.
    SameNetwork,
    /// A front end does not say, though the claim has a network: leaving the header out must not open the door that it closes.
    Unknown,
}

/// Tells where a reviewer calls from. A key that was retired since tells nothing.
pub fn origin(context: &Context, call: &Call, row: &referral::Model) -> Result<Origin, Error> {
    let Some(kept) = row.network_mac else {
        return Ok(Origin::Elsewhere);
    };
    let Some(network) = &call.network else {
        let is_front_end = call.caller.role.is_front_end();
        return Ok(if is_front_end {
            Origin::Unknown
        } else {
            Origin::Elsewhere
        });
    };
    let hashes = hashes(context, network, (row.campaign_id, row.id))?;
    Ok(if hashes.contains(&kept) {
        Origin::SameNetwork
    } else {
        Origin::Elsewhere
    })
}

/// Hashes under every key, the current one first.
fn hashes(
    context: &Context,
    network: &Network,
    (campaign, referral): (CampaignId, ReferralId),
) -> Result<Vec<Uuid>, Error> {
    let parts: [&[u8]; 3] = [
        campaign.as_bytes(),
        referral.as_bytes(),
        network.as_str().as_bytes(),
    ];
    let keys = context.request_keys()?;
    Ok(keys
        .iter()
        .map(|key| crypto::mac128(key, DOMAIN, &parts))
        .collect())
}
