//! DecideReferral.

use std::time::Duration;

use serde_json::json;

use crate::db::entities::evidence::{self, Evidence};
use crate::db::entities::referral::{self, DecisionReason, State};
use crate::db::entities::{ClosedSet, verification};
use crate::db::{self, Tx, audit};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::verification::claim_network;
use crate::identity::verification::guardian;
use crate::identity::verification::state::VerificationEvent;
use crate::identity::verification::store::{self as verifications, state_of};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, ReferralId};
use crate::process::request::{self, Request};
use crate::process::{Act, Call};

use super::case::{Case, of_row};
use super::state::{Reviewer, Ruling, Undecidable};
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

/// Decides a case, or approves it as the first of two. Who took the claim may not. Of two who decide at once one is the first: the other
/// is told that it is decided, or approves as the second.
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
    let event = &call.event(context, Some(command.campaign), act, detail);
    let now = context.now();
    context
        .db
        .run_tx("decide_referral", |tx| {
            Box::pin(async move {
                let done: Option<ReferralId> = request::answered(tx, &command.request).await?;
                if done.is_none() {
                    let mut event = event.clone();
                    if rule(tx, context, call, command, now).await? == State::Endorsed {
                        event.action = "referral.endorsed";
                    }
                    audit::record(tx, &[event]).await?;
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

/// Writes the decision, and what follows from it where it is the last one. Gives where the referral stands now.
async fn rule(
    tx: &Tx<'_>,
    context: &Context,
    call: &Call,
    command: &Decide,
    at: Timestamp,
) -> Result<State, Error> {
    let (row, of) = find(tx, command).await?;
    let of = of.ok_or_else(|| db::Error::corrupt("referral.verification_id"))?;
    let actor = call.actor();
    let by = Reviewer {
        actor: &actor,
        origin: claim_network::origin(context, call, &row)?,
    };
    let decided = of_row(&row).decide(command.ruling, by);
    let to = decided.map_err(|error| match error {
        Undecidable::Decided => Error::ReferralDecided,
        Undecidable::SecondPerson(barred) => Error::SecondPersonRequired(barred.way_on()),
    })?;
    if command.ruling == Ruling::Approved {
        demand_guardian(tx, &of).await?;
    }
    let mut documents = row.evidence()?;
    documents.extend(&command.evidence);
    let decision = store::Decision {
        to,
        reason: command.reason,
        evidence: &evidence::write(documents.iter().copied()),
        reviewer: &actor,
        at,
    };
    if !store::decide(tx, &row, decision).await? {
        // Somebody was faster: what this decision comes to depends on theirs.
        return Err(db::Error::overtaken("referral").into());
    }
    if to != State::Endorsed {
        settle(
            tx,
            &of,
            command.ruling,
            &documents,
            at,
            context.rules.approved_for,
        )
        .await?;
    }
    Ok(to)
}

/// What rests on a guardian's own verification is not approved once that one is void.
async fn demand_guardian(tx: &Tx<'_>, of: &verification::Model) -> Result<(), Error> {
    let Some(own) = of.guardian_verification_id else {
        return Ok(());
    };
    let stands = guardian::stands(tx, of.campaign_id, own).await?;
    stands.then_some(()).ok_or(Error::VerificationState {
        state: "GUARDIAN_VOID",
    })
}

/// Moves the verification to where the decision leads.
async fn settle(
    tx: &Tx<'_>,
    of: &verification::Model,
    ruling: Ruling,
    documents: &[Evidence],
    at: Timestamp,
    approved_for: Duration,
) -> Result<(), Error> {
    let event = match ruling {
        Ruling::Approved => VerificationEvent::Approve { at },
        Ruling::Denied => VerificationEvent::Deny { at },
    };
    let next = state_of(of)?.on(event);
    let next = next.map_err(|forbidden| Error::VerificationState {
        state: forbidden.from.as_str(),
    })?;
    let mut grounds = of.evidence()?;
    if ruling == Ruling::Approved {
        grounds.push(Evidence::Review);
        grounds.extend(documents);
    }
    // A denial changes nothing that whoever asked without a letter can see.
    let expires_at = match ruling {
        Ruling::Approved => at + approved_for,
        Ruling::Denied => of.expires_at,
    };
    verifications::advance(tx, of, &next, expires_at, &grounds).await
}
