//! Canceling an enrollment.
//!
//! One that was not completed is canceled at once and leaves its code issued, so that the person can begin again. One that was is
//! a request: a handoff of its own asks each partner that has not ended its coverage, and the enrollment is canceled when the last
//! one has confirmed.

use serde_json::json;

use crate::codes::campaign::campaign_cache::CachedCampaign;
use crate::codes::campaign::create::PRODUCTS;
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db::entities::coverage::{Model as Coverage, State as CoverageState};
use crate::db::entities::enrollment::{CancelReason, State};
use crate::db::entities::handoff::{self, Kind, Queued};
use crate::db::{Tx, audit};
use crate::kernel::caller::Role;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{EnrollmentId, HandoffId, VerificationId};
use crate::process::request::{self, Request};
use crate::process::{Act, Call};

use super::coverage::is_over;
use super::coverage_store::{self, CoverageChange};
use super::order::FollowUp;
use super::reach;
use super::state::{self, Event};
use super::store::{self, Canceling, Enrollment, Row};

/// An enrollment to be canceled.
#[derive(Clone, Debug)]
pub struct Cancel {
    /// The engagement number, in its one spelling.
    pub engagement_number: String,
    /// The enrollment.
    pub enrollment: EnrollmentId,
    /// A good verification of the person.
    pub verification: Option<VerificationId>,
    /// Why.
    pub reason: CancelReason,
}

/// Cancels an enrollment.
pub async fn cancel_enrollment(
    context: &Context,
    call: &Call,
    request: &Request,
    cancel: &Cancel,
) -> Result<Enrollment, Error> {
    let read = context.db.read();
    let campaign = &(context.campaign_cache)
        .by_number(read, &cancel.engagement_number)
        .await?;
    let now = context.now();
    let id = cancel.enrollment;
    let handoffs = &handoff_ids(context);
    let done = context.db.run_tx("cancel_enrollment", |tx| {
        Box::pin(async move {
            if request::answered::<EnrollmentId>(tx, request)
                .await?
                .is_some()
            {
                return Ok(());
            }
            let found = store::lock(tx, campaign.id, id, now)
                .await?
                .ok_or(Error::EnrollmentNotFound)?;
            check_proof(tx, call, &found.row, cancel.verification, now).await?;
            let ending = Ending {
                reason: cancel.reason,
                handoffs,
                at: now,
            };
            end(tx, context, call, campaign, &found, ending).await?;
            request::record(tx, request, &id, now).await?;
            Ok::<_, Error>(())
        })
    });
    done.await?;
    store::get(read, campaign.id, id, now)
        .await?
        .ok_or(Error::EnrollmentNotFound)
}

/// Makes the ids of cancellations, before the transaction: running it again writes the same rows. A coverage has one of them, and one that
/// moves to another partner is open at both.
pub fn handoff_ids(context: &Context) -> Vec<HandoffId> {
    (0..2 * PRODUCTS).map(|_| context.ids.next()).collect()
}

/// Why and when an enrollment is canceled.
#[derive(Clone, Copy, Debug)]
pub struct Ending<'a> {
    /// Why.
    pub reason: CancelReason,
    /// The ids of cancellations.
    pub handoffs: &'a [HandoffId],
    /// When.
    pub at: Timestamp,
}

/// Cancels an enrollment that is locked, or asks its partners to.
pub async fn end(
    tx: &Tx<'_>,
    context: &Context,
    call: &Call,
    campaign: &CachedCampaign,
    found: &Enrollment,
    ending: Ending<'_>,
) -> Result<(), Error> {
    let state = found.row.state;
    let to = state::on(state, Event::Cancel).map_err(|_| Error::EnrollmentState { state })?;
    let canceling = Canceling {
        reason: ending.reason,
        actor: &call.actor(),
        to,
        at: ending.at,
    };
    store::cancel(tx, found.row.key(), canceling).await?;
    if to == State::CancelPending {
        ask_partners(tx, call, campaign, found, (ending.handoffs, ending.at)).await?;
    }
    let detail = json!({
        "from": found.row.shown().as_str(), "to": to, "why": ending.reason,
    });
    let act = Act::on("enrollment.canceled", "enrollment", found.row.id);
    let event = call.event(context, Some(campaign.id), act, detail);
    Ok(audit::record(tx, &[event]).await?)
}

/// Canceling what a partner was asked to do needs the proof that completing it needed: a portal or a call center shows a good
/// verification of the person.
async fn check_proof(
    tx: &Tx<'_>,
    call: &Call,
    row: &Row,
    shown: Option<VerificationId>,
    now: Timestamp,
) -> Result<(), Error> {
    reach::demand(tx, call, row, shown, now).await?;
    let is_front = matches!(call.caller.role, Role::Portal | Role::CallCenter);
    if is_front && shown.is_none() && row.state != State::Started {
        return Err(Error::NotVerified);
    }
    Ok(())
}

/// Queues a cancellation for each coverage that is not over.
async fn ask_partners(
    tx: &Tx<'_>,
    call: &Call,
    campaign: &CachedCampaign,
    found: &Enrollment,
    (handoffs, at): (&[HandoffId], Timestamp),
) -> Result<(), Error> {
    let open = || found.coverages.iter().filter(|it| !is_over(it.state));
    let follow_up = FollowUp {
        campaign,
        individual: found.row.individual_id,
        at,
    };
    let queued = |(coverage, handoff): (&Coverage, &HandoffId)| Queued {
        trace: call.trace.clone(),
        ..follow_up.cancel(coverage, handoff::CancelReason::Withdrawn, *handoff)
    };
    let queued: Vec<Queued> = open().zip(handoffs).map(queued).collect();
    store::queue(tx, Kind::Cancel, &queued).await?;
    let pending = open().cloned().map(|coverage| Coverage {
        state: CoverageState::CancelPending,
        suspended_at: None,
        ..coverage
    });
    let pending: Vec<CoverageChange> = pending.map(CoverageChange::from).collect();
    Ok(coverage_store::change(tx, &pending).await?)
}
