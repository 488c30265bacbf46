//! Cases that a person reviews: listing them and deciding them.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::db::entities::{referral, verification};
use crate::db::idempotency::{self, Known, Request};
use crate::db::{self, Tx, audit};
use crate::identity::context::{Act, Call, Context};
use crate::identity::error::Error;
use crate::identity::verification::decide::ReferralReason;
use crate::identity::verification::state::VerificationEvent;
use crate::identity::verification::store;
use crate::identity::verification::view::state_of;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, IndividualId, ReferralId, VerificationId};
use crate::kernel::paging;

use super::state::{Referral, Ruling, Undecidable};

/// A case as its reviewer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Id.
    pub id: ReferralId,
    /// The verification.
    pub verification: VerificationId,
    /// The individual on the roster.
    pub individual: Option<IndividualId>,
    /// Where it stands.
    pub state: Referral,
    /// Why it was referred.
    pub reason: ReferralReason,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// By when it must be decided.
    pub due_at: Timestamp,
}

impl Case {
    fn of(row: &referral::Model, of: Option<&verification::Model>) -> Result<Self, Error> {
        let reason = ReferralReason::parse(&row.reason);
        Ok(Self {
            id: row.id,
            verification: row.verification_id,
            individual: of.and_then(|of| of.individual_id),
            state: state(row)?,
            reason: reason.ok_or_else(|| db::Error::corrupt("referral.reason"))?,
            opened_at: row.opened_at,
            due_at: row.due_at,
        })
    }
}

fn state(row: &referral::Model) -> Result<Referral, Error> {
    Referral::parse(&row.state).ok_or_else(|| db::Error::corrupt("referral.state").into())
}

/// The most cases on one page.
const MAX_PAGE: u64 = 500;

/// Lists open cases, oldest first, and gives the token of the next page.
pub async fn list(
    context: &Context,
    campaign: CampaignId,
    size: u64,
    token: &str,
) -> Result<(Vec<Case>, String), Error> {
    let filter: [&[u8]; 2] = [b"referrals", campaign.as_bytes()];
    let size = size.min(MAX_PAGE);
    let after: Option<ReferralId> = paging::page_after(&filter, token).map_err(Error::Request)?;
    let mut rows = store::open_referrals(context.db.read(), campaign, after, size + 1).await?;
    let next = paging::next_page(&mut rows, size, &filter, |(row, _)| row.id);
    let cases = rows
        .iter()
        .map(|(row, of)| Case::of(row, of.as_ref()))
        .collect::<Result<_, _>>()?;
    Ok((cases, next))
}

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
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Kept {
    referral: ReferralId,
}

/// Decides a case. Whoever asked for the verification may not; of two who decide at once one wins.
pub async fn decide(context: &Context, call: &Call, command: &Decide) -> Result<Case, Error> {
    let act = Act::on("referral.decided", "referral", command.referral);
    let detail = json!({ "decision": command.ruling.as_str() });
    let event = call.event(context, Some(command.campaign), act, detail);
    let text = serde_json::to_string(&Kept {
        referral: command.referral,
    })
    .map_err(|_| Error::Key)?;
    let (now, reviewer) = (context.now(), call.actor());
    let (event, text, reviewer) = (&event, text.as_str(), reviewer.as_str());
    context
        .db
        .run_tx("decide_referral", |tx| {
            Box::pin(async move {
                match idempotency::look_up(tx, &command.request).await? {
                    Known::Done(_) => {}
                    Known::Conflict => return Err(Error::RequestIdReused),
                    Known::New => {
                        rule(tx, command, reviewer, now, now + context.rules.approved_for).await?;
                        audit::record(tx, std::slice::from_ref(event)).await?;
                        idempotency::record(tx, &command.request, text, now).await?;
                    }
                }
                let (row, of) = find(tx, command).await?;
                Case::of(&row, of.as_ref())
            })
        })
        .await
}

async fn find(
    tx: &Tx<'_>,
    command: &Decide,
) -> Result<(referral::Model, Option<verification::Model>), Error> {
    store::referral(tx, command.campaign, command.referral)
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
    let decided = state(&row)?
        .on(command.ruling, &row.opened_by, reviewer)
        .map_err(|error| match error {
            Undecidable::Decided => Error::ReferralDecided,
            Undecidable::SamePerson => Error::SecondPersonRequired,
        })?;
    if !store::decide_referral(tx, &row, decided, reviewer, at).await? {
        return Err(Error::ReferralDecided);
    }
    let event = match command.ruling {
        Ruling::Approved => VerificationEvent::Approve { at },
        Ruling::Denied => VerificationEvent::Deny { at },
    };
    let next = state_of(&of)?.on(event);
    let next = next.map_err(|forbidden| Error::VerificationState {
        state: forbidden.from,
    })?;
    store::advance(tx, &of, &next, expires_at).await
}
