//! VerifyIdentity: charge the throttles, find, compare, decide, write. The answer says as little as possible.

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::db::entities::evidence::{self, Evidence};
use crate::db::entities::verification::{self, Path};
use crate::db::entities::{ClosedSet, referral};
use crate::db::{self, audit};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::matching::compare::Claims;
use crate::identity::matching::policy::Decision;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId, IndividualId, VerificationId};
use crate::kernel::language::Language;
use crate::process::request::{self, Request};
use crate::process::throttle::Standing;
use crate::process::{Act, Call};

use super::claim_network;
use super::decide::{Judged, decide};
use super::find::{self, Found, Letter, Scope};
use super::guardian::{self, Acting, Guardian};
use super::lost_letter;
use super::representative::{Representative, seal_name};
use super::situation;
use super::state::Verification;
use super::store::{self, Denied};
use super::throttles::Meter;
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
    /// What the person claims.
    pub claims: Claims,
    /// Who acts for the person.
    pub representative: Option<Representative>,
    /// In which language the person wants to be spoken to.
    pub language: Option<Language>,
}

/// The stored answer to a request: ids only. Without a campaign only the refusal is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    campaign: Option<CampaignId>,
    verification: VerificationId,
}

/// Verifies a person.
///
/// Every refusal is [`Error::Refused`], whatever its cause, and sends the same statements.
pub async fn verify_identity(
    context: &Context,
    call: &Call,
    command: &Verify,
) -> Result<View, Error> {
    let campaign = store::campaign(context.db.read(), &command.engagement_number).await?;
    let scope = Scope::of(campaign)?;
    let letter = match command.enrollment {
        Some(id) => Some(Letter::read(context, call, &scope, id).await?),
        None => None,
    };
    let meter = meter(context, call, command, letter.as_ref())?;
    if let Some(kept) = admit(context, &command.request, &meter).await? {
        return answer_again(context, command, kept).await;
    }
    let letter_mac = letter.as_ref().and_then(Letter::code_mac);
    let language = letter.as_ref().and_then(Letter::language);
    let language = language.or(command.language.as_ref().map(Language::as_str));
    let language = language.unwrap_or(&scope.language).to_owned();
    let found = match letter {
        Some(letter) => find::by_letter(context, &scope, letter, &command.claims).await?,
        None => find::by_claims(context, &scope, &command.claims).await?,
    };
    let acting = (command.representative.as_ref(), found.home.as_ref());
    let guardian = guardian::find(context, call, &scope, acting).await?;
    let claim = Claim {
        request: &command.request,
        meter: &meter,
        about: found.subject.map(|subject| subject.individual),
        letter: letter_mac,
        path: path_of(command),
    };
    let is_attended = call.agent.is_some();
    let decided = |standing, was_denied| {
        let mut found = found.clone();
        if let Standing::Spent { .. } = standing {
            found.leave_to_a_person(is_attended);
        }
        let guardian = Acting {
            guardian,
            was_denied,
        };
        let made = rows(context, call, command, &scope, (&found, guardian))?;
        // Somebody has looked at this claim and denied it: only an agent, to whom something new can be shown, has it looked at again.
        let is_referred = matches!(made.state, Verification::Referred { .. });
        if was_denied && is_referred && !is_attended {
            found.refuse();
            return rows(context, call, command, &scope, (&found, guardian));
        }
        Ok(made)
    };
    let rows = match write(context, &scope, &claim, &decided).await? {
        Written::Earlier(kept) => return answer_again(context, command, kept).await,
        Written::Now(rows) => rows,
    };
    let view = shown(&rows, found, context.now())?;
    Ok(View { language, ..view })
}

/// Gives what the caller is told of what was written.
fn shown(rows: &Rows, found: Found, now: Timestamp) -> Result<View, Error> {
    let population = found.subject.map(|subject| subject.population);
    match rows.state {
        // Whether there is such a campaign is no secret.
        _ if rows.campaign.is_some() && lost_letter::shows_nothing(&rows.verification) => {
            view::unseen(&rows.verification, now)
        }
        Verification::Refused { .. } => Err(Error::Refused),
        Verification::ConfirmationRequired { .. } => {
            view::made(&rows.verification, found.contacts, population, now)
        }
        Verification::Verified { .. } | Verification::Referred { .. } => Ok(View {
            due_at: rows.referral.as_ref().map(|referral| referral.due_at),
            ..view::made(&rows.verification, Vec::new(), population, now)?
        }),
    }
}

fn meter<'a>(
    context: &'a Context,
    call: &Call,
    command: &Verify,
    letter: Option<&Letter>,
) -> Result<Meter<'a>, Error> {
    let meter = Meter::of(context, call, &command.engagement_number)?;
    if let Some(letter) = letter {
        return Ok(meter.letter(letter.throttled_by()));
    }
    // The campaign need not exist, so the claims are indexed under the engagement number.
    let indexer = context.steady_indexer(Scope::unknown().campaign)?;
    let keys = indexer.claims(&command.claims);
    let number = command.engagement_number.as_bytes();
    let named = |key: i64| [number, &key.to_be_bytes()].concat();
    let name = named(indexer.name(&command.claims));
    let claimed = keys.present().map(|(_, key)| named(key));
    Ok(meter.claims(&name, claimed))
}

/// Charges a new request before anything is compared, in a transaction of its own; gives the stored answer of a repeated one.
async fn admit(
    context: &Context,
    request: &Request,
    meter: &Meter<'_>,
) -> Result<Option<Kept>, Error> {
    let now = context.now();
    context
        .db
        .run_tx("admit_verification", |tx| {
            Box::pin(async move {
                let earlier = request::answered(tx, request).await?;
                if earlier.is_none() {
                    meter.charge_in(tx, now).await?;
                }
                Ok(earlier)
            })
        })
        .await
}

/// What is written about one verification.
struct Rows {
    /// The campaign, if there is one: without it no verification is written.
    campaign: Option<CampaignId>,
    state: Verification,
    verification: verification::Model,
    referral: Option<referral::Model>,
    event: audit::Event,
}

fn rows(
    context: &Context,
    call: &Call,
    command: &Verify,
    scope: &Scope,
    (found, acting): (&Found, Acting),
) -> Result<Rows, Error> {
    let now = context.now();
    let judged = Judged {
        decision: found.decision.unwrap_or(Decision::Refuse),
        fresh_letter: found.fresh_letter,
        claimant: acting.claimant(command.representative.as_ref()),
    };
    let (state, reason) = decide(judged, found.subject, now);
    let path = path_of(command);
    let id = context.ids.next();
    let representative = command.representative.as_ref();
    let evidence_of_it = representative.iter().flat_map(|one| &one.evidence);
    let verification = verification::Model {
        campaign_id: scope.campaign,
        id,
        individual_id: found.subject.map(|subject| subject.individual),
        enrollment_id: command.enrollment,
        path,
        state: state.state(),
        score_centibits: found.waterfall.score(),
        waterfall: serde_json::to_string(&found.waterfall)
            .map_err(|_| db::Error::corrupt("verification.waterfall"))?,
        requested_by: call.actor(),
        created_at: now,
        decided_at: state.decided_at(),
        expires_at: now + context.rules.verified_for,
        evidence: evidence::write(grounds(judged, acting.guardian)),
        representative_relationship: representative.map(|one| one.relationship),
        representative_authority: representative.map(|one| one.authority),
        representative_evidence: evidence::write(evidence_of_it.copied()),
        representative_name: sealed_name(context, scope, id, (found, representative))?,
        notice: store::notice_of(&state),
        notice_mac: None,
        noticed_at: None,
        notice_attempts: 0,
        notice_retry_at: None,
        notice_refused_at: None,
        repudiated_at: None,
        repudiated_by: None,
        language: command.language.as_ref().map(ToString::to_string),
        guardian_verification_id: acting.guardian.map(|guardian| guardian.verification),
        lapsed_at: None,
    };
    let act = Act::on("verification.decided", "verification", verification.id);
    let mut detail = json!({ "state": state.state().as_str(), "path": path.as_str() });
    if let Some(guardian) = acting.guardian {
        detail["guardian"] = json!(guardian.verification);
    }
    let event = call.event(context, scope.known(), act, detail);
    let referral = reason.map(|reason| open_referral(context, call, &verification, reason));
    let referral = referral.transpose()?;
    Ok(Rows {
        campaign: scope.known(),
        state,
        verification,
        referral,
        event,
    })
}

/// Seals the representative's name under the key of the person who was found; without one it is not kept.
fn sealed_name(
    context: &Context,
    scope: &Scope,
    of: VerificationId,
    (found, representative): (&Found, Option<&Representative>),
) -> Result<Option<Vec<u8>>, Error> {
    let name = representative.and_then(|one| one.name.as_ref());
    let Some(((salt, key), name)) = found.salt.as_ref().zip(scope.key.as_ref()).zip(name) else {
        return Ok(None);
    };
    let sealer = context.sealer(key)?;
    Ok(Some(seal_name(&sealer, of, salt.expose(), name)))
}

/// Gives what a comparison rests on, whatever it came to.
fn grounds(judged: Judged, guardian: Option<Guardian>) -> impl Iterator<Item = Evidence> {
    let letter = judged.fresh_letter.then_some(Evidence::LetterCode);
    let record = (judged.decision == Decision::Accept).then_some(Evidence::RecordMatch);
    let guardian = guardian.filter(|guardian| guardian.shares_address);
    let guardian = guardian.map(|_| Evidence::GuardianVerified);
    [letter, record, guardian].into_iter().flatten()
}

fn path_of(command: &Verify) -> Path {
    match command.enrollment {
        Some(_) => Path::Letter,
        None => Path::Lookup,
    }
}

fn open_referral(
    context: &Context,
    call: &Call,
    of: &verification::Model,
    reason: referral::Reason,
) -> Result<referral::Model, Error> {
    let id = context.ids.next();
    Ok(referral::Model {
        campaign_id: of.campaign_id,
        id,
        verification_id: of.id,
        state: referral::State::Open,
        opened_at: of.created_at,
        due_at: of.created_at + context.rules.review_within,
        opened_by: call.actor(),
        decided_by: None,
        decided_at: None,
        reason,
        decision_reason: None,
        evidence: evidence::write([]),
        endorsed_by: None,
        endorsed_at: None,
        endorsement_reason: None,
        network_mac: claim_network::of_claim(context, call, (of.campaign_id, id))?,
    })
}

/// What was written for a request.
enum Written {
    /// The same request was written meanwhile.
    Earlier(Kept),
    /// This.
    Now(Box<Rows>),
}

/// What counts of a claim beside what it says.
struct Claim<'a> {
    request: &'a Request,
    meter: &'a Meter<'a>,
    /// The person whom it was compared with.
    about: Option<IndividualId>,
    /// Keyed hash of the letter's code.
    letter: Option<Uuid>,
    path: Path,
}

/// Takes the letter's try, decides by how the letter stands and by what was denied before, and writes everything at once.
async fn write(
    context: &Context,
    scope: &Scope,
    claim: &Claim<'_>,
    decided: &(dyn Fn(Standing, bool) -> Result<Rows, Error> + Sync),
) -> Result<Written, Error> {
    let Claim { request, meter, .. } = *claim;
    let now = context.now();
    context
        .db
        .run_tx("verify_identity", |tx| {
            Box::pin(async move {
                if let Some(earlier) = request::answered(tx, request).await? {
                    return Ok(Written::Earlier(earlier));
                }
                let denied = Denied {
                    individual: claim.about,
                    letter: claim.letter,
                    path: claim.path,
                };
                let was_denied = store::was_denied(tx, scope.campaign, denied).await?;
                let rows = decided(meter.take_try_in(tx, now).await?, was_denied)?;
                if matches!(rows.state, Verification::Verified { .. }) {
                    meter.give_tries_back_in(tx).await?;
                }
                if rows.campaign.is_some() {
                    store::insert(tx, &rows.verification).await?;
                }
                if let Some(referral) = &rows.referral {
                    store::insert_referral(tx, referral).await?;
                }
                audit::record(tx, std::slice::from_ref(&rows.event)).await?;
                let kept = Kept {
                    campaign: rows.campaign,
                    verification: rows.verification.id,
                };
                request::record(tx, request, &kept, rows.verification.created_at).await?;
                Ok(Written::Now(Box::new(rows)))
            })
        })
        .await
}

/// Answers a repeated request again. The answer shows what was decided since.
async fn answer_again(context: &Context, command: &Verify, kept: Kept) -> Result<View, Error> {
    let Some(campaign) = kept.campaign else {
        return Err(Error::Refused);
    };
    let row = store::find(context.db.read(), campaign, kept.verification)
        .await?
        .ok_or(Error::VerificationNotFound)?;
    let found = store::campaign(context.db.read(), &command.engagement_number).await?;
    let (campaign, key) = found.ok_or(Error::VerificationNotFound)?;
    let view = view::asked(context, &row, key.as_ref()).await?;
    if view.state == verification::State::Refused {
        return Err(Error::Refused);
    }
    Ok(View {
        language: situation::language(context, &row, &campaign.language).await?,
        ..view
    })
}
