//! DecideReferral.

use serde_json::json;

use crate::db::entities::evidence::{self, Evidence};
use crate::db::entities::referral::{self, DecisionReason, State};
use crate::db::entities::{ClosedSet, verification};
use crate::db::{self, Tx, audit};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::verification::state::VerificationEvent;
use crate::identity::verification::store::{self as verifications, state_of};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, ReferralId};
use crate::process::request::{self, Request};
use crate::process::{Act, Call};

use super::case::Case;
use super::state::{self, Ruling, Undecidable};
use super::store;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Decide {
    /// Makes a repeated call the same call.
    pub request: Request,
    /// The campaign.
    pub campaign: CampaignId,
    /// The referral.
    pub referral: ReferralId,
    /// The decision.
    pub ruling: Ruling,
    /// Why; it fits the ruling.
    pub reason: DecisionReason,
    /// Which documents were seen.
    pub evidence: Vec<Evidence>,
}

/// Decides a case. Who asked for the verification may not decide it; of two concurrent decisions one wins.
pub async fn decide_referral(
    context: &Context,
    call: &Call,
    command: &Decide,
) -> Result<Case, Error> {
    let act = Act::on("referral.decided", "referral", command.referral);
    let detail = json!({
        "decision": State::from(command.ruling).as_str(),
        "reason": command.reason.as_str(), "evidence": command.evidence,
    });
    let event = call.event(context, Some(command.campaign), act, detail);
    let (now, reviewer) = (context.now(), call.actor());
    let (event, reviewer) = (&event, reviewer.as_str());
    context
        .db
        .run_tx("decide_referral", |tx| {
            Box::pin(async move {
                let done: Option<ReferralId> = request::answered(tx, &command.request).await?;
                if done.is_none() {
                    rule(tx, command, reviewer, now, now + context.rules.approved_for).await?;
                    audit::record(tx, std::slice::from_ref(event)).await?;
                    request::record(tx, &command.request, &command.referral, now).await?;
                }
                Case::of(&find(tx, command).await?)
            })
        })
        .await
}

async fn find(
    tx: &Tx<'_>,
    command: &Decide,
) -> Result<(referral::Model, Option<verification::Model>), Error> {
    store::find(tx, command.campaign, command.referral)
        .await?
        .ok_or(Error::ReferralNotFound)
}

async fn rule(
    tx: &Tx<'_>,
    command: &Decide,
    reviewer: &str,
    at: Timestamp,
    expires_at: Timestamp,
) -> Result<(), Error> {
    let (row, of) = find(tx, command).await?;
    let of = of.ok_or_else(|| db::Error::corrupt("referral.verification_id"))?;
    let decided = state::decide(row.state, command.ruling, &row.opened_by, reviewer);
    let decided = decided.map_err(|error| match error {
        Undecidable::Decided => Error::ReferralDecided,
        Undecidable::SamePerson => Error::SecondPersonRequired,
    })?;
    let evidence = evidence::write(command.evidence.iter().copied());
    let decision = store::Decision {
        to: decided,
        reason: command.reason,
        evidence: &evidence,
        reviewer,
        at,
    };
    if !store::decide(tx, &row, decision).await? {
        return Err(Error::ReferralDecided);
    }
    let event = match command.ruling {
        Ruling::Approved => VerificationEvent::Approve { at },
        Ruling::Denied => VerificationEvent::Deny { at },
    };
    let next = state_of(&of)?.on(event);
    let next = next.map_err(|forbidden| Error::VerificationState {
        state: forbidden.from.as_str(),
    })?;
    let mut grounds = of.evidence()?;
    if command.ruling == Ruling::Approved {
        grounds.push(Evidence::Review);
        grounds.extend(&command.evidence);
    }
    verifications::advance(tx, &of, &next, expires_at, &grounds).await
}
