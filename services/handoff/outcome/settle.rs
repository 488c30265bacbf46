//! Ends leases with what the calls under them came to.

use std::collections::HashMap;

use crate::db::entities::handoff::{self, DeadReason};
use crate::db::entities::outcome::OutcomeClass;
use crate::db::{Tx, audit};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::metrics;
use crate::handoff::queue::attempts::{self, Attempt};
use crate::handoff::queue::end::{Failed, end_failed, given_up};
use crate::handoff::queue::handoff::Handoff;
use crate::handoff::queue::lease_store::Leased;
use crate::handoff::queue::retry_policy::{Answer, Failure, PartnerStatus};
use crate::handoff::queue::state::{Event, Fact, State};
use crate::handoff::queue::store::{self, Change};
use crate::kernel::ids::{HandoffId, PartnerId};

use super::apply_status::{Reporter, StatusReport, Verdict, apply_status};

/// A call that ended.
#[derive(Clone, Debug)]
pub struct EndedCall {
    /// The handoff under its lease.
    pub leased: Leased,
    /// What the call came to.
    pub answer: Answer,
    /// Whether the partner answers others meanwhile.
    pub partner_answers: bool,
}

/// Settles calls, all in one short transaction that reads the handoffs again.
///
/// A status is a fact and is applied whatever the lease says. A failure needs the lease: where that is lost, the attempt is
/// recorded and nothing else.
pub async fn settle(
    context: &Context,
    reporter: Reporter<'_>,
    calls: &[EndedCall],
) -> Result<(), Error> {
    context
        .db
        .run_tx("handoff.settle", |tx| {
            Box::pin(async move {
                let failed = apply_answers(tx, context, reporter, calls).await?;
                let failed = still_leased(tx, context, reporter.partner, failed).await?;
                let (stopped, failed): (Vec<Failed>, Vec<Failed>) = failed
                    .into_iter()
                    .partition(|it| matches!(it.failure, Failure::CannotProject(_)));
                end_failed(tx, context, reporter.actor, &failed).await?;
                stop(tx, context, reporter, &stopped).await
            })
        })
        .await
}

/// Applies the statuses and gives the calls that failed; one whose status cannot be true counts as unreadable.
async fn apply_answers<'a>(
    tx: &Tx<'_>,
    context: &Context,
    reporter: Reporter<'_>,
    calls: &'a [EndedCall],
) -> Result<Vec<(&'a EndedCall, Failure)>, Error> {
    let mut reports = Vec::new();
    let mut answered = Vec::new();
    let mut failed = Vec::new();
    for call in calls {
        match &call.answer {
            Ok(status) => {
                reports.push(StatusReport {
                    handoff: call.leased.handoff.id,
                    status: status.clone(),
                });
                answered.push(call);
            }
            Err(failure) => failed.push((call, failure.clone())),
        }
    }
    let verdicts = apply_status(tx, context, reporter, &reports).await?;
    for (call, verdict) in answered.into_iter().zip(verdicts) {
        if matches!(verdict, Verdict::Contradicts | Verdict::Malformed) {
            failed.push((call, Failure::Unreadable));
        }
    }
    Ok(failed)
}

/// Ends orders that cannot be fitted to the partner's fields: they were not sent, and somebody must mend the field first.
async fn stop(
    tx: &Tx<'_>,
    context: &Context,
    reporter: Reporter<'_>,
    stopped: &[Failed],
) -> Result<(), Error> {
    let now = context.clock.now();
    let (mut changes, mut reports) = (Vec::new(), Vec::new());
    for Failed {
        handoff,
        sent_before,
        failure,
        ..
    } in stopped
    {
        let Failure::CannotProject(field) = failure else {
            continue;
        };
        let unsent = Handoff {
            state: handoff.state.on(Event::PutBack)?,
            sent_at: *sent_before,
            not_before: now,
            ..handoff.clone()
        };
        changes.push(Change::of(handoff::State::Leased, &unsent));
        reports.push(StatusReport {
            handoff: handoff.id,
            status: PartnerStatus {
                native_code: Some(format!("CANNOT_PROJECT {field}")),
                attempt: handoff.order_attempt,
                ..PartnerStatus::of(Fact::ActionRequired(OutcomeClass::InvalidInput), now)
            },
        });
    }
    store::write(tx, &changes, now).await?;
    apply_status(tx, context, reporter, &reports).await?;
    Ok(())
}

/// Finds the handoffs whose lease still stands for the try that failed. Where it is lost the attempt is recorded and nothing else.
async fn still_leased(
    tx: &Tx<'_>,
    context: &Context,
    partner: PartnerId,
    failed: Vec<(&EndedCall, Failure)>,
) -> Result<Vec<Failed>, Error> {
    let now = context.clock.now();
    let ids = failed.iter().map(|(call, _)| call.leased.handoff.id);
    let ids: Vec<HandoffId> = ids.collect();
    let locked = store::lock_of_partner(tx, partner, &ids).await?;
    let mut locked: HashMap<HandoffId, Handoff> =
        locked.into_iter().map(|it| (it.id, it)).collect();
    let mut held = Vec::with_capacity(failed.len());
    let mut lost = Vec::new();
    for (call, failure) in failed {
        let lease = &call.leased.handoff;
        let holds = |handoff: &Handoff| {
            handoff.state == State::Leased && handoff.lease_token == lease.lease_token
        };
        if let Some(handoff) = locked.remove(&lease.id).filter(holds) {
            held.push(Failed {
                handoff,
                sent_before: call.leased.sent_before,
                failure,
                partner_answers: call.partner_answers,
            });
        } else {
            metrics::lease_lost();
            lost.push(Attempt::of(lease, now, failure.result(), "LEASE_LOST"));
        }
    }
    attempts::add(tx, &lost).await?;
    Ok(held)
}

/// Gives up on handoffs that their partner accepted and no longer knows, for an operator to look at; what it may report of them after a
/// replay begins anew.
pub async fn forget(
    context: &Context,
    reporter: Reporter<'_>,
    ids: &[HandoffId],
) -> Result<(), Error> {
    const REASON: DeadReason = DeadReason::PartnerForgot;
    let forgotten = context.db.run_tx("handoff.forget", |tx| {
        Box::pin(async move {
            let now = context.clock.now();
            let mut locked = store::lock_of_partner(tx, reporter.partner, ids).await?;
            locked.retain(|handoff| handoff.state == State::Accepted);
            let (mut changes, mut events) = (Vec::new(), Vec::new());
            for handoff in locked {
                let state = handoff.state.on(Event::GiveUp(REASON))?;
                let dead = Handoff { state, ..handoff };
                let by = (context, reporter.actor);
                events.push(given_up(by, &dead, REASON));
                changes.push(Change::of(handoff::State::Accepted, &dead));
                metrics::forgotten();
            }
            store::write(tx, &changes, now).await?;
            Ok(audit::record(tx, &events).await?)
        })
    });
    forgotten.await
}
