//! VerifyIdentity: charge, find, compare, decide, write, and tell as little as possible.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::db::entities::{referral, verification};
use crate::db::idempotency::{self, Known, Request};
use crate::db::throttle::Charge;
use crate::db::{audit, entities::campaign};
use crate::identity::context::{Act, Call, Context};
use crate::identity::error::Error;
use crate::identity::matching::compare::Claims;
use crate::identity::matching::policy::{Decision, Policy};
use crate::kernel::ids::{CampaignId, EnrollmentId, VerificationId};

use super::decide::{self, ReferralReason};
use super::find::{self, Found, Letter, Place};
use super::state::Verification;
use super::store;
use super::throttles::{self, Meter};
use super::view::{self, View};

/// What is asked.
#[derive(Clone, Debug)]
pub struct Verify {
    /// Makes a repeated call the same call.
    pub request: Request,
    /// What stands in the letter.
    pub engagement_number: String,
    /// The enrollment that a letter code gave.
    pub enrollment: Option<EnrollmentId>,
    /// What the person says.
    pub claims: Claims,
}

/// The answer to a request as it is kept: ids only. Without a campaign there is nothing to keep but the refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    campaign: Option<CampaignId>,
    verification: VerificationId,
}

/// Verifies a person.
///
/// Every refusal is [`Error::Refused`], whatever its cause, and takes the same statements.
pub async fn verify(context: &Context, call: &Call, command: &Verify) -> Result<View, Error> {
    let campaign = store::campaign(context.db.read(), &command.engagement_number).await?;
    let place = place(campaign.as_ref())?;
    let letter = match command.enrollment {
        Some(id) => Some(Letter::read(context, &place, id).await?),
        None => None,
    };
    let charges = charges(context, call, command, letter.as_ref())?;
    if let Some(kept) = admit(context, &command.request, &charges).await? {
        return answer_again(context, command, kept).await;
    }
    let found = match letter {
        Some(letter) => find::by_letter(context, &place, letter, &command.claims)?,
        None => find::by_claims(context, &place, &command.claims).await?,
    };
    let rows = rows(context, call, command, &place, &found)?;
    let kept = write(context, &command.request, rows.clone()).await?;
    if kept.verification != rows.verification.id {
        return answer_again(context, command, kept).await;
    }
    match rows.state {
        Verification::Refused { .. } => Err(Error::Refused),
        Verification::ConfirmationRequired { .. } => {
            Ok(view::made(&rows.verification, rows.state, found.contacts))
        }
        _ => Ok(view::made(&rows.verification, rows.state, Vec::new())),
    }
}

fn charges(
    context: &Context,
    call: &Call,
    command: &Verify,
    letter: Option<&Letter>,
) -> Result<Vec<Charge>, Error> {
    let meter = Meter::of(context, call, &command.engagement_number)?;
    if let Some(letter) = letter {
        return Ok(meter.individual(letter.counted()).charges());
    }
    // The campaign need not be there, so the claims are indexed under the number that was named.
    let nowhere = context.steady_indexer(Place::nowhere().campaign)?;
    let keys = nowhere.claims(&command.claims);
    let number = command.engagement_number.as_bytes();
    let named = |key: i64| [number, &key.to_be_bytes()].concat();
    let meter = meter.name(&named(nowhere.name(&command.claims)));
    let claimed = keys
        .present()
        .fold(meter, |meter, key| meter.person("claims", &named(key)));
    Ok(claimed.charges())
}

/// Charges a new request, in a transaction of its own; gives what is kept of one that was here before.
async fn admit(
    context: &Context,
    request: &Request,
    charges: &[Charge],
) -> Result<Option<Kept>, Error> {
    let now = context.now();
    context
        .db
        .run_tx("admit_verification", |tx| {
            Box::pin(async move {
                match idempotency::look_up(tx, request).await? {
                    Known::Done(kept) => read(&kept).map(Some),
                    Known::Conflict => Err(Error::RequestIdReused),
                    Known::New => throttles::charge_in(tx, charges, now).await.map(|()| None),
                }
            })
        })
        .await
}

fn read(kept: &str) -> Result<Kept, Error> {
    serde_json::from_str(kept).map_err(|_| crate::db::Error::corrupt("idempotency.result").into())
}

fn place(
    campaign: Option<&(
        campaign::Model,
        Option<crate::db::entities::campaign_key::Model>,
    )>,
) -> Result<Place, Error> {
    let Some((campaign, key)) = campaign else {
        return Ok(Place::nowhere());
    };
    let policy = Policy::parse(&campaign.policy)
        .ok_or_else(|| crate::db::Error::corrupt("campaign.policy"))?;
    Ok(Place {
        campaign: campaign.id,
        open: campaign.state == "OPEN",
        key: key.clone(),
        policy,
    })
}

/// What is written about one verification.
#[derive(Clone)]
struct Rows {
    /// Whether there is a campaign to write under.
    somewhere: bool,
    state: Verification,
    verification: verification::Model,
    referral: Option<referral::Model>,
    event: audit::Event,
}

fn rows(
    context: &Context,
    call: &Call,
    command: &Verify,
    place: &Place,
    found: &Found,
) -> Result<Rows, Error> {
    let now = context.now();
    let decision = found.decision.unwrap_or(Decision::Refuse);
    let (state, reason) = decide::settle(decision, found.subject, found.fresh_letter, now);
    let somewhere = !place.campaign.as_uuid().is_nil();
    let path = if command.enrollment.is_some() {
        "LETTER"
    } else {
        "LOOKUP"
    };
    let verification = verification::Model {
        campaign_id: place.campaign,
        id: context.ids.next(),
        individual_id: found.subject.map(|subject| subject.individual),
        enrollment_id: command.enrollment,
        path: path.to_owned(),
        state: state.as_str().to_owned(),
        score_centibits: found.waterfall.score(),
        waterfall: serde_json::to_string(&found.waterfall).map_err(|_| Error::Key)?,
        requested_by: call.actor(),
        created_at: now,
        decided_at: state.decided_at(),
        expires_at: now + context.rules.verified_for,
    };
    let act = Act::on("verification.decided", "verification", verification.id);
    let campaign = somewhere.then_some(place.campaign);
    let event = call.event(
        context,
        campaign,
        act,
        json!({ "state": state.as_str(), "path": path }),
    );
    let referral = reason.map(|reason| open_referral(context, call, &verification, reason));
    Ok(Rows {
        somewhere,
        state,
        verification,
        referral,
        event,
    })
}

fn open_referral(
    context: &Context,
    call: &Call,
    of: &verification::Model,
    reason: ReferralReason,
) -> referral::Model {
    referral::Model {
        campaign_id: of.campaign_id,
        id: context.ids.next(),
        verification_id: of.id,
        state: "OPEN".to_owned(),
        opened_at: of.created_at,
        due_at: of.created_at + context.rules.review_within,
        opened_by: call.actor(),
        decided_by: None,
        decided_at: None,
        reason: reason.as_str().to_owned(),
    }
}

/// Writes everything at once; gives what the same request wrote if it was faster.
async fn write(context: &Context, request: &Request, rows: Rows) -> Result<Kept, Error> {
    let kept = Kept {
        campaign: rows.somewhere.then_some(rows.verification.campaign_id),
        verification: rows.verification.id,
    };
    let text = serde_json::to_string(&kept).map_err(|_| Error::Key)?;
    let (rows, text) = (&rows, text.as_str());
    context
        .db
        .run_tx("verify_identity", |tx| {
            Box::pin(async move {
                match idempotency::look_up(tx, request).await? {
                    Known::Done(earlier) => return read(&earlier),
                    Known::Conflict => return Err(Error::RequestIdReused),
                    Known::New => {}
                }
                if rows.somewhere {
                    store::insert(tx, &rows.verification).await?;
                }
                if let Some(referral) = &rows.referral {
                    store::insert_referral(tx, referral).await?;
                }
                audit::record(tx, std::slice::from_ref(&rows.event)).await?;
                idempotency::record(tx, request, text, rows.verification.created_at).await?;
                Ok(kept)
            })
        })
        .await
}

/// Rebuilds the answer of a request that was here before. What was decided since shows.
async fn answer_again(context: &Context, command: &Verify, kept: Kept) -> Result<View, Error> {
    let Some(campaign) = kept.campaign else {
        return Err(Error::Refused);
    };
    let row = store::find(context.db.read(), campaign, kept.verification)
        .await?
        .ok_or(Error::VerificationNotFound)?;
    let key = store::campaign(context.db.read(), &command.engagement_number)
        .await?
        .and_then(|(_, key)| key);
    let view = view::view(context, &row, key.as_ref()).await?;
    if matches!(view.state, Verification::Refused { .. }) {
        Err(Error::Refused)
    } else {
        Ok(view)
    }
}
