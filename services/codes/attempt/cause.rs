//! Why a try of a code is refused, and the audit event that says so.

use serde_json::json;

use crate::codes::context::Context;
use crate::db::audit::Event;
use crate::kernel::ids::{BatchId, CampaignId, IndividualId};
use crate::process::{Act, Call};

/// Why a code or a verification is not accepted. It goes into the audit log and never to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No campaign has the engagement number.
    UnknownCampaign,
    /// The campaign is closed.
    CampaignClosed,
    /// The enroll-by date has passed.
    EnrollByPassed,
    /// No such code or verification.
    Unknown,
    /// The code belongs to nobody: it was put among the letters to see who reads them.
    Honey,
    /// The letter bears no code: nobody was given this one.
    NotGiven,
    /// The code was redeemed.
    Redeemed,
    /// The code was superseded.
    Superseded,
    /// The code was revoked.
    Revoked,
    /// The verification is too old.
    Expired,
    /// The verification is not VERIFIED, or was made for an enrollment.
    NotVerified,
    /// The individual has died: restoration needs no enrollment.
    Deceased,
    /// The campaign has no product for the population.
    NoProduct,
    /// The individual completed an enrollment that is alive.
    Enrolled,
}

impl Cause {
    /// Gives the word in the audit log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownCampaign => "UNKNOWN_CAMPAIGN",
            Self::CampaignClosed => "CAMPAIGN_CLOSED",
            Self::EnrollByPassed => "ENROLL_BY_PASSED",
            Self::Unknown => "UNKNOWN",
            Self::Honey => "HONEY",
            Self::NotGiven => "NOT_GIVEN",
            Self::Redeemed => "REDEEMED",
            Self::Superseded => "SUPERSEDED",
            Self::Revoked => "REVOKED",
            Self::Expired => "EXPIRED",
            Self::NotVerified => "NOT_VERIFIED",
            Self::Deceased => "DECEASED",
            Self::NoProduct => "NO_PRODUCT",
            Self::Enrolled => "ENROLLED",
        }
    }
}

/// What is known of a try that is refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tried {
    /// The campaign, where there is one.
    pub campaign: Option<CampaignId>,
    /// Whose code or verification it was.
    pub individual: Option<IndividualId>,
    /// The batch of a honey code.
    pub honey_of: Option<BatchId>,
}

/// Makes the audit event of a refusal, which knows the cause.
pub fn refusal(context: &Context, call: &Call, tried: Tried, cause: Cause) -> Event {
    let act = if cause == Cause::Honey {
        let batch = tried.honey_of.map(BatchId::as_uuid);
        Act::of("code.honey_used", ("code_batch", batch))
    } else {
        let individual = tried.individual.map(IndividualId::as_uuid);
        Act::of("code.refused", ("individual", individual))
    };
    let detail = json!({ "cause": cause.as_str() });
    call.event(context, tried.campaign, act, detail)
}
