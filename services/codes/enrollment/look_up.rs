//! What a code or a verification stands for, and the audit event where it entitles to nothing.

use uuid::Uuid;

use crate::codes::attempt::cause::{self, Cause, Tried};
use crate::codes::campaign;
use crate::codes::code::{Code, derive};
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db::Tx;
use crate::db::audit::Event;
use crate::kernel::ids::{CampaignId, VerificationId};
use crate::kernel::keyring::Purpose;
use crate::process::Call;

use super::begin_store;
use super::eligibility::Lookup;

/// What entitles a person.
#[derive(Debug)]
pub enum Entitlement {
    /// The letter's code.
    Code(Code),
    /// A verification without a letter.
    Verification(VerificationId),
}

/// Looks up the campaign and what the entitlement stands for: two statements, whatever is there.
pub async fn look_up(
    context: &Context,
    tx: &Tx<'_>,
    engagement_number: &str,
    entitlement: &Entitlement,
) -> Result<Lookup, Error> {
    let campaign = campaign::store::by_number(tx, engagement_number).await?;
    let id = campaign
        .as_ref()
        .map_or(CampaignId::from_uuid(Uuid::nil()), |campaign| campaign.id);
    let (mac, candidate) = match entitlement {
        Entitlement::Code(code) => {
            let key = match &campaign {
                Some(campaign) => context.keys.get(Purpose::Code, campaign.code_key_version)?,
                None => context.steady_key()?,
            };
            let mac = derive::mac(&key, id, code);
            (Some(mac), begin_store::by_code(tx, id, mac).await?)
        }
        Entitlement::Verification(verification) => (
            None,
            begin_store::by_verification(tx, id, *verification).await?,
        ),
    };
    Ok(Lookup {
        campaign,
        mac,
        candidate,
    })
}

/// Makes the audit event of a refusal, which knows the cause.
pub fn refusal(context: &Context, call: &Call, found: &Lookup, cause: Cause) -> Event {
    let candidate = found.candidate.as_ref();
    let tried = Tried {
        campaign: found.campaign.as_ref().map(|campaign| campaign.id),
        individual: candidate.map(|candidate| candidate.individual_id),
        honey_of: candidate.and_then(|candidate| candidate.honey_of),
    };
    cause::refusal(context, call, tried, cause)
}
