//! Beginning an enrollment.
//!
//! The order is what keeps guessers blind: check symbols first, with no more database work than to find a campaign that is named by
//! its id; then the throttles, in a transaction of their own; then one look-up of the campaign and one of the entitlement, whatever they find; then one
//! audit event that knows the cause. The caller reads one refusal for all of them.

use serde_json::json;

use crate::codes::attempt::cause::Cause;
use crate::codes::attempt::throttles;
use crate::codes::campaign::campaign_cache::ConsentText;
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::codes::letter::begun::{self, Fate, Which};
use crate::codes::store::insert;
use crate::db::entities::enrollment::{self, Channel, State};
use crate::db::{self, Tx, audit};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::EnrollmentId;
use crate::kernel::language::Language;
use crate::process::request::{self, Request};
use crate::process::{self, Act, Call};

use super::begin_store::{self, ONE_LIVE};
use super::eligibility::Eligible;
use super::look_up::{Entitlement, look_up, refusal};
use super::store::{self, Enrollment};

/// An enrollment to be begun.
#[derive(Debug)]
pub struct Begin {
    /// The engagement number, in its one spelling.
    pub engagement_number: String,
    /// What entitles the person.
    pub entitlement: Entitlement,
    /// How the person came.
    pub channel: Channel,
    /// The language that the person wants; none takes the campaign's.
    pub language: Option<Language>,
}

/// An enrollment that was begun, or found again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The enrollment.
    pub enrollment: Enrollment,
    /// The consent text to show.
    pub consent_text: ConsentText,
}

/// How often two calls that begin at once for one person run again, until one finds the other's enrollment.
const TRIES: u32 = 3;

/// Begins an enrollment, or finds the one that this entitlement began.
pub async fn begin_enrollment(
    context: &Context,
    call: &Call,
    request: &Request,
    begin: &Begin,
) -> Result<Begun, Error> {
    let charged = throttles::charge(context, call, &begin.engagement_number).await?;
    let mut tries = 1;
    let id = loop {
        match try_begin(context, call, request, begin).await {
            Err(Error::Common(process::Error::Storage(error)))
                if error.is_unique(ONE_LIVE) && tries < TRIES =>
            {
                tries += 1;
            }
            result => break result?,
        }
    };
    // A refusal is committed with its audit event before the caller reads it.
    let id = charged.answer(id)?;
    let read = context.db.read();
    let campaign = (context.campaign_cache)
        .by_number(read, &begin.engagement_number)
        .await?;
    let enrollment = store::get(read, campaign.id, id, context.now()).await?;
    let enrollment = enrollment.ok_or(Error::EnrollmentNotFound)?;
    let text = campaign.consent_text(&enrollment.row.language);
    Ok(Begun {
        consent_text: text
            .cloned()
            .ok_or_else(|| db::Error::corrupt("consent_text"))?,
        enrollment,
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
            if let Some(id) = request::answered(tx, request).await? {
                return Ok(Ok(id));
            }
            let found = look_up(context, tx, &begin.engagement_number, &begin.entitlement)
                .await?
                .reached_by(call);
            let eligible = match found.decide(now) {
                Ok(eligible) => eligible,
                Err(cause) => {
                    audit::record(tx, &[refusal(context, call, &found, cause)]).await?;
                    return Ok(Err(cause));
                }
            };
            if let Some(void) = eligible.cancels {
                let which = (eligible.campaign, Which::This(void));
                begun::cancel(context, tx, which, (&call.actor(), Fate::Replaced)).await?;
            }
            let id = eligible.resume.unwrap_or(fresh);
            if eligible.resume.is_none() {
                let language = found.campaign.as_ref().map(|campaign| &campaign.language);
                let row = started(call, begin, &eligible, (fresh, now));
                let row = enrollment::Model {
                    language: language_of(begin, language),
                    ..row
                };
                insert(tx, &row).await?;
            } else {
                attach(tx, &eligible, id).await?;
                begin_store::continue_by(tx, eligible.campaign, id, &call.caller).await?;
                if let Some(language) = &begin.language {
                    begin_store::speak(tx, eligible.campaign, id, language).await?;
                }
            }
            let detail =
                json!({ "resumed": eligible.resume.is_some(), "letter": eligible.mac.is_some() });
            let subject = ("enrollment", Some(id.as_uuid()));
            audit::record(
                tx,
                &[call.event(
                    context,
                    Some(eligible.campaign),
                    Act::of("enrollment.begun", subject),
                    detail,
                )],
            )
            .await?;
            request::record(tx, request, &id, now).await?;
            Ok::<_, Error>(Ok(id))
        })
    });
    done.await
}

fn started(
    call: &Call,
    begin: &Begin,
    eligible: &Eligible<'_>,
    (id, now): (EnrollmentId, Timestamp),
) -> enrollment::Model {
    enrollment::Model {
        campaign_id: eligible.campaign,
        id,
        individual_id: eligible.candidate.individual_id,
        state: State::Started,
        language: String::new(),
        code_mac: eligible.mac,
        verification_id: None,
        proof_expires_at: eligible.mac.and(eligible.candidate.proof_expires_at),
        started_by: call.actor(),
        continued_by: None,
        channel: begin.channel,
        started_at: now,
        submitted_at: None,
        settled_at: None,
        complete_by_at: eligible.complete_by,
        cancel_reason: None,
        canceled_by: None,
        cancel_requested_at: None,
    }
}

/// Gives the language that the person wants, or the campaign's.
fn language_of(begin: &Begin, campaigns: Option<&String>) -> String {
    match &begin.language {
        Some(language) => language.to_string(),
        None => campaigns.cloned().unwrap_or_default(),
    }
}

/// Attaches the letter's code to a resumed enrollment that was begun without one or with an older one, and its time.
async fn attach(tx: &Tx<'_>, eligible: &Eligible<'_>, id: EnrollmentId) -> Result<(), Error> {
    let candidate = eligible.candidate;
    let has_time = candidate.live_complete_by_at >= Some(eligible.complete_by);
    match eligible.mac {
        Some(mac) if candidate.live_code_mac != Some(mac) || !has_time => {
            let letter = begin_store::Letter {
                mac,
                proof_expires_at: candidate.proof_expires_at,
                complete_by: eligible.complete_by,
            };
            Ok(begin_store::attach_code(tx, eligible.campaign, id, letter).await?)
        }
        _ => Ok(()),
    }
}
