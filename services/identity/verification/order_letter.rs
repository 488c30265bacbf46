//! OrderLetter: a new letter to the address on record, for who lost theirs.
//!
//! Here it is only written that somebody ordered it; `enrollment-codes` makes the code, and decides there whether the letter is owed and may
//! take the place of the present one. Whoever asks without a letter and without an agent has the same answer after the same work,
//! whether anything was ordered or not.

use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::db::audit;
use crate::db::entities::evidence::Evidence;
use crate::db::entities::verification::{self, State};
use crate::db::entities::{ClosedSet, individual, letter_order};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::roster;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{IndividualId, VerificationId};
use crate::process::request::{self, Request};
use crate::process::{Act, Call};

use super::lost_letter;
use super::store;
use super::throttles::Meter;

/// What is asked.
#[derive(Clone, Debug)]
pub struct OrderLetter {
    /// Makes a repeated call the same call.
    pub request: Request,
    /// What stands in the letter.
    pub engagement_number: String,
    /// The verification that needs a letter.
    pub verification: VerificationId,
}

/// Orders a letter where one is to go out, and gives when that was taken.
pub async fn order_letter(
    context: &Context,
    call: &Call,
    command: &OrderLetter,
) -> Result<Timestamp, Error> {
    Meter::of(context, call, &command.engagement_number)?
        .charge()
        .await?;
    let read = context.db.read();
    let found = store::campaign(read, &command.engagement_number).await?;
    let (campaign, _) = found.ok_or(Error::VerificationNotFound)?;
    let now = context.now();
    let act = |action| Act::on(action, "verification", command.verification);
    let event = |action| call.event(context, Some(campaign.id), act(action), json!({}));
    let (ordered, not_ordered) = (&event("letter.ordered"), &event("letter.not_ordered"));
    let taken = context.db.run_tx("order_letter", |tx| {
        Box::pin(async move {
            if let Some(earlier) = request::answered(tx, &command.request).await? {
                return Ok(earlier);
            }
            let of = store::lock(tx, campaign.id, command.verification).await?;
            let of = of.filter(|row| call.reaches(&row.requested_by));
            let of = of.ok_or(Error::VerificationNotFound)?;
            may_order(&of, now)?;
            // Whoever was not found is looked up as well.
            let whose = of.individual_id.unwrap_or(NOBODY);
            let person = roster::store::individual(tx, campaign.id, whose).await?;
            let is_owed = person.is_some_and(|person| is_owed(&of, &person));
            let orders: Vec<_> = is_owed
                .then(|| order(&of, call, now))
                .transpose()?
                .into_iter()
                .collect();
            tx.execute_raw(letter_order::Model::insert(tx.backend(), &orders))
                .await?;
            let event = if is_owed { ordered } else { not_ordered };
            audit::record(tx, std::slice::from_ref(event)).await?;
            request::record(tx, &command.request, &now, now).await?;
            Ok::<_, Error>(now)
        })
    });
    taken.await
}

/// Stands for who was not found.
const NOBODY: IndividualId = IndividualId::from_uuid(uuid::Uuid::nil());

/// Demands that a letter is a way on from here. Where nothing may be shown, only the time counts.
fn may_order(of: &verification::Model, now: Timestamp) -> Result<(), Error> {
    let is_open = matches!(of.state, State::ConfirmationRequired | State::Referred);
    if !is_open && !lost_letter::shows_nothing(of) {
        let state = of.state.as_str();
        return Err(Error::VerificationState { state });
    }
    // A review takes longer than a verification is good for, and so does a letter.
    let waits = of.state == State::Referred && !lost_letter::shows_nothing(of);
    if now >= of.expires_at && !waits {
        return Err(Error::VerificationExpired);
    }
    Ok(())
}

/// Tells whether the claims point at this person, and a letter would reach them.
fn is_owed(of: &verification::Model, person: &individual::Model) -> bool {
    of.state != State::Refused
        && person.mailable
        && !person.returned
        && person.withdrawn_at.is_none()
        && person.erased_at.is_none()
}

fn order(
    of: &verification::Model,
    call: &Call,
    now: Timestamp,
) -> Result<letter_order::Model, Error> {
    let is_accepted = of.evidence()?.contains(&Evidence::RecordMatch);
    Ok(letter_order::Model {
        campaign_id: of.campaign_id,
        individual_id: of.individual_id.unwrap_or(NOBODY),
        verification_id: of.id,
        attended: call.agent.is_some() && is_accepted,
        ordered_by: call.actor(),
        ordered_at: now,
        possible_at: None,
    })
}
