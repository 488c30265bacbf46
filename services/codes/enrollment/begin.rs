//! Beginning an enrollment, and asking whether a code could.
//!
//! The order is what keeps guessers blind: check symbols first, without any database work; then the throttles, in a
//! transaction of their own; then one look-up of the campaign and one of the entitlement, whatever they find; then one
//! audit event that knows the cause. The caller reads one refusal for all of them.

use serde_json::json;
use uuid::Uuid;

use crate::codes::code::{Code, derive};
use crate::codes::context::{Call, Context};
use crate::codes::error::Error;
use crate::codes::store::answered;
use crate::codes::{campaign, throttles};
use crate::db::Tx;
use crate::db::audit::{self, Event};
use crate::db::entities::enrollment;
use crate::db::idempotency::{self, Request};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{BatchId, CampaignId, EnrollmentId, VerificationId};

use super::eligibility::{Admitted, Cause, Seen};
use super::state::Kind;
use super::store::{self, Enrollment, ONE_LIVE};

/// What entitles a person.
#[derive(Debug)]
pub enum Entitlement {
    /// The letter's code.
    Code(Code),
    /// A verification without a letter.
    Verification(VerificationId),
}

/// An enrollment to be begun.
#[derive(Debug)]
pub struct Begin {
    /// The engagement number, in its one spelling.
    pub engagement_number: String,
    /// What entitles the person.
    pub entitlement: Entitlement,
    /// How the person came: WEB, PHONE or PARTNER.
    pub channel: &'static str,
}

/// An enrollment that was begun, or found again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The enrollment.
    pub enrollment: Enrollment,
    /// Version of the consent text to show.
    pub consent_version: String,
    /// The consent text to show.
    pub consent_text: String,
}

/// How often two who begin at once for one person run again, until one finds the other's enrollment.
const TRIES: u32 = 3;

/// Begins an enrollment, or finds the one that this entitlement began.
pub async fn begin(
    context: &Context,
    call: &Call,
    request: &Request,
    begin: &Begin,
) -> Result<Begun, Error> {
    let charged = throttles::charge(context, call, &begin.engagement_number).await?;
    let mut tries = 1;
    let id = loop {
        match try_begin(context, call, request, begin).await {
            Err(Error::Storage(error)) if error.is_unique(ONE_LIVE) && tries < TRIES => tries += 1,
            result => break result?,
        }
    };
    // A refusal was committed with its audit event; only now is it told.
    let id = charged.answer(id)?;
    let read = context.db.read();
    let campaign = campaign::store::by_number(read, &begin.engagement_number).await?;
    let campaign = campaign.ok_or(Error::CampaignNotFound)?;
    let enrollment = store::get(read, campaign.id, id, context.now()).await?;
    Ok(Begun {
        enrollment: enrollment.ok_or(Error::EnrollmentNotFound)?,
        consent_version: campaign.consent_version,
        consent_text: campaign.consent_text,
    })
}

async fn try_begin(
    context: &Context,
    call: &Call,
    request: &Request,
    begin: &Begin,
) -> Result<Result<EnrollmentId, Cause>, Error> {
    let now = context.now();
    let fresh: EnrollmentId = context.ids.next();
    let done = context.db.run_tx("begin_enrollment", |tx| {
        Box::pin(async move {
            if let Some(id) = answered(tx, request).await? {
                return Ok(Ok(id));
            }
            let seen = look_up(context, tx, &begin.engagement_number, &begin.entitlement).await?;
            let admitted = match seen.admit(now) {
                Ok(admitted) => admitted,
                Err(cause) => {
                    audit::record(tx, &[refusal(context, call, &seen, cause)]).await?;
                    return Ok(Err(cause));
                }
            };
            let id = admitted.resume.unwrap_or(fresh);
            if admitted.resume.is_none() {
                store::insert(tx, &started(call, begin, &admitted, fresh, now)).await?;
            } else {
                attach(tx, &admitted, id).await?;
            }
            let detail =
                json!({ "resumed": admitted.resume.is_some(), "letter": admitted.mac.is_some() });
            let subject = ("enrollment", Some(id.as_uuid()));
            audit::record(
                tx,
                &[call.event(
                    context,
                    Some(admitted.campaign),
                    "enrollment.begun",
                    subject,
                    detail,
                )],
            )
            .await?;
            idempotency::record(tx, request, &id.to_string(), now).await?;
            Ok::<_, Error>(Ok(id))
        })
    });
    done.await
}

/// Tells until when a code could begin an enrollment.
pub async fn check(
    context: &Context,
    call: &Call,
    engagement_number: &str,
    code: Code,
) -> Result<Timestamp, Error> {
    let charged = throttles::charge(context, call, engagement_number).await?;
    let now = context.now();
    let entitlement = &Entitlement::Code(code);
    let until = context.db.run_tx("check_code", |tx| {
        Box::pin(async move {
            let seen = look_up(context, tx, engagement_number, entitlement).await?;
            let (event, until) = match seen.admit(now) {
                Ok(admitted) => (accepted(context, call, &admitted), Ok(admitted.until)),
                Err(cause) => (refusal(context, call, &seen, cause), Err(cause)),
            };
            audit::record(tx, &[event]).await?;
            Ok::<_, Error>(until)
        })
    });
    charged.answer(until.await?)
}

/// Looks up the campaign and what the entitlement stands for: two statements, whatever is there.
async fn look_up(
    context: &Context,
    tx: &Tx<'_>,
    engagement_number: &str,
    entitlement: &Entitlement,
) -> Result<Seen, Error> {
    let campaign = campaign::store::by_number(tx, engagement_number).await?;
    let id = campaign
        .as_ref()
        .map_or(CampaignId::from_uuid(Uuid::nil()), |campaign| campaign.id);
    let (mac, candidate) = match entitlement {
        Entitlement::Code(code) => {
            let key = match &campaign {
                Some(campaign) => context.key(campaign.code_key_version)?,
                None => context.steady_key()?,
            };
            let mac = derive::mac(&key, id, code);
            (Some(mac), store::by_code(tx, id, mac).await?)
        }
        Entitlement::Verification(verification) => {
            (None, store::by_verification(tx, id, *verification).await?)
        }
    };
    Ok(Seen {
        campaign,
        mac,
        candidate,
    })
}

fn started(
    call: &Call,
    begin: &Begin,
    admitted: &Admitted<'_>,
    id: EnrollmentId,
    now: Timestamp,
) -> enrollment::Model {
    enrollment::Model {
        campaign_id: admitted.campaign,
        id,
        individual_id: admitted.candidate.individual_id,
        state: Kind::Started.as_str().to_owned(),
        code_mac: admitted.mac,
        verification_id: None,
        handoff_id: None,
        proof_expires_at: admitted.mac.and(admitted.candidate.proof_expires_at),
        product_code: admitted.candidate.product_code.clone(),
        partner_id: admitted.candidate.partner_id,
        started_by: call.actor(),
        channel: begin.channel.to_owned(),
        started_at: now,
        submitted_at: None,
        activated_at: None,
        term_ends_on: None,
        outcome_class: None,
        settled_at: None,
        complete_by_at: admitted.complete_by,
    }
}

/// Gives an enrollment that is gone on with the letter, when it was begun without one or with an older one, and its time.
async fn attach(tx: &Tx<'_>, admitted: &Admitted<'_>, id: EnrollmentId) -> Result<(), Error> {
    let candidate = admitted.candidate;
    let has_time = candidate.live_complete_by_at >= Some(admitted.complete_by);
    match admitted.mac {
        Some(mac) if candidate.live_code_mac != Some(mac) || !has_time => {
            let letter = store::Letter {
                mac,
                proof_expires_at: candidate.proof_expires_at,
                complete_by: admitted.complete_by,
            };
            Ok(store::attach_code(tx, admitted.campaign, id, letter).await?)
        }
        _ => Ok(()),
    }
}

fn accepted(context: &Context, call: &Call, admitted: &Admitted<'_>) -> Event {
    let subject = (
        "individual",
        Some(admitted.candidate.individual_id.as_uuid()),
    );
    call.event(
        context,
        Some(admitted.campaign),
        "code.checked",
        subject,
        json!({}),
    )
}

fn refusal(context: &Context, call: &Call, seen: &Seen, cause: Cause) -> Event {
    let campaign = seen.campaign.as_ref().map(|campaign| campaign.id);
    let candidate = seen.candidate.as_ref();
    let detail = json!({ "cause": cause.as_str() });
    if cause == Cause::Honey {
        let batch = candidate.and_then(|candidate| candidate.honey_of);
        let subject = ("code_batch", batch.map(BatchId::as_uuid));
        return call.event(context, campaign, "code.honey_used", subject, detail);
    }
    let individual = candidate.map(|candidate| candidate.individual_id.as_uuid());
    let subject = ("individual", individual);
    call.event(context, campaign, "code.refused", subject, detail)
}
