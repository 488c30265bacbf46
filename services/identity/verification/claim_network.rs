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

/// Tells whether a call comes from the network of the claim, as far as both are known. A key that was retired since tells nothing.
pub fn is_of_claim(context: &Context, call: &Call, row: &referral::Model) -> Result<bool, Error> {
    let Some((network, kept)) = call.network.as_ref().zip(row.network_mac) else {
        return Ok(false);
    };
    let hashes = hashes(context, network, (row.campaign_id, row.id))?;
    Ok(hashes.contains(&kept))
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
