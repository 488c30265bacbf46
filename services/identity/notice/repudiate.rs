//! RepudiateProofing: the person whom a notice reached says that it was not them.

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::db::entities::verification;
use crate::db::{self, Tx, audit};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::rules::NOTICE_LIFE;
use crate::identity::verification::find::Scope;
use crate::identity::verification::state::VerificationEvent;
use crate::identity::verification::store::{self as verifications, state_of};
use crate::identity::verification::throttles::Meter;
use crate::identity::verification::void;
use crate::kernel::clock::Timestamp;
use crate::kernel::secrets::Secret;
use crate::process::request::{self, Request};
use crate::process::{Act, Call};

use super::{metrics, store, token};

/// What is asked.
#[derive(Clone, Debug)]
pub struct Repudiate {
    /// Makes a repeated call the same call.
    pub request: Request,
    /// The campaign's number, as far as the caller may know of it.
    pub engagement_number: String,
    /// The token of the notice.
    pub token: Secret<String>,
}

/// The stored answer to a request.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Kept {
    accepted: bool,
}

/// Makes the verification void of which a notice told. A token that is not accepted, for whatever cause, gives the same error.
pub async fn repudiate_proofing(
    context: &Context,
    call: &Call,
    command: &Repudiate,
) -> Result<(), Error> {
    Meter::of(context, call, &command.engagement_number)?
        .charge()
        .await?;
    let found = verifications::campaign(context.db.read(), &command.engagement_number).await?;
    let campaign = found.map_or(Scope::unknown().campaign, |(campaign, _)| campaign.id);
    let indexers = context.indexers(campaign)?;
    let macs: Vec<Uuid> = indexers
        .iter()
        .map(|indexer| token::mac(indexer, &command.token))
        .collect();
    let (now, macs) = (context.now(), &macs);
    let kept = context.db.run_tx("repudiate_proofing", |tx| {
        Box::pin(async move {
            if let Some(kept) = request::answered(tx, &command.request).await? {
                return Ok(kept);
            }
            let row = store::by_token(tx, campaign, macs).await?;
            let row = row.filter(|row| is_good(row, now));
            if let Some(row) = &row {
                end(tx, context, call, (row, now)).await?;
            }
            let kept = Kept {
                accepted: row.is_some(),
            };
            request::record(tx, &command.request, &kept, now).await?;
            Ok::<_, Error>(kept)
        })
    });
    match kept.await? {
        Kept { accepted: true } => {
            metrics::repudiated();
            Ok(())
        }
        Kept { accepted: false } => Err(Error::TokenNotAccepted),
    }
}

fn is_good(row: &verification::Model, now: Timestamp) -> bool {
    row.noticed_at.is_some_and(|at| now < at + NOTICE_LIFE)
}

/// Voids a verification and what rests on it, once: a token that is used again is accepted and changes nothing.
async fn end(
    tx: &Tx<'_>,
    context: &Context,
    call: &Call,
    (row, now): (&verification::Model, Timestamp),
) -> Result<(), Error> {
    let next = state_of(row)?.on(VerificationEvent::Repudiate { at: now });
    if next.is_err() {
        return Ok(());
    }
    let actor = call.actor();
    if !store::repudiate(tx, row, (&actor, now)).await? {
        return Err(db::Error::overtaken("verification").into());
    }
    void::with_guardian(tx, context, call, (row, now)).await?;
    let act = Act::on("proofing.repudiated", "verification", row.id);
    let event = call.event(context, Some(row.campaign_id), act, json!({}));
    audit::record(tx, &[event]).await?;
    tracing::warn!(
        campaign_id = %row.campaign_id,
        verification_id = %row.id,
        "a person repudiates an enrollment in their name: see `redress verification repudiations`"
    );
    Ok(())
}
