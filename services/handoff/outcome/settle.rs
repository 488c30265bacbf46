//! Ends leases with what the calls under them came to.

use serde_json::json;

use crate::db::entities::handoff_attempt::AttemptResult;
use crate::db::entities::{ClosedSet as _, handoff};
use crate::db::{Tx, audit};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::metrics;
use crate::handoff::queue::attempts::{self, Attempt};
use crate::handoff::queue::audit::about_handoff;
use crate::handoff::queue::handoff::Handoff;
use crate::handoff::queue::lease_store::Leased;
use crate::handoff::queue::retry_policy::{self, Answer, Failure, History, Next};
use crate::handoff::queue::state::{Event, State};
use crate::handoff::queue::store::{self, Change};

use super::apply_status::{Reporter, StatusReport, Verdict, apply_status};

/// A call that ended.
#[derive(Clone, Debug)]
pub struct EndedCall {
    /// The handoff under its lease.
    pub leased: Leased,
    /// What the call came to.
    pub answer: Answer,
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
                for (leased, failure) in apply_answers(tx, context, reporter, calls).await? {
                    end_failed(tx, context, reporter, (leased, &failure)).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Applies the statuses and gives the failures; a status that cannot be true counts as unreadable.
async fn apply_answers<'a>(
    tx: &Tx<'_>,
    context: &Context,
    reporter: Reporter<'_>,
    calls: &'a [EndedCall],
) -> Result<Vec<(&'a Leased, Failure)>, Error> {
    let mut reports = Vec::new();
    let mut leases = Vec::new();
    let mut failed = Vec::new();
    for EndedCall { leased, answer } in calls {
        match answer {
            Ok(status) => {
                reports.push(StatusReport {
                    handoff: leased.handoff.id,
                    status: status.clone(),
                });
                leases.push(leased);
            }
            Err(failure) => failed.push((leased, failure.clone())),
        }
    }
    let verdicts = apply_status(tx, context, reporter, &reports).await?;
    for (leased, verdict) in leases.into_iter().zip(verdicts) {
        if matches!(verdict, Verdict::Contradicts | Verdict::Malformed) {
            failed.push((leased, Failure::Unreadable));
        }
    }
    Ok(failed)
}

async fn end_failed(
    tx: &Tx<'_>,
    context: &Context,
    reporter: Reporter<'_>,
    (leased, failure): (&Leased, &Failure),
) -> Result<(), Error> {
    let (lease, now) = (&leased.handoff, context.clock.now());
    let attempt = |result, detail| [Attempt::of(lease, now, result, detail)];
    let Some(handoff) = store::lock(tx, lease.campaign_id, lease.id).await? else {
        return Ok(());
    };
    if handoff.state != State::Leased || handoff.lease_token != lease.lease_token {
        metrics::lease_lost();
        return attempts::add(tx, &attempt(failure.result(), "LEASE_LOST")).await;
    }
    let results = attempts::results(tx, &handoff).await?;
    let history = History {
        attempts: u32::try_from(results.len()).unwrap_or(u32::MAX) + 1,
        failures: retry_policy::failures(results),
    };
    let next = retry_policy::next(failure, history, &context.rules, &context.ids);
    let after = moved(handoff, &next, leased, context)?;
    let result = match after.state {
        State::Dead(_) => AttemptResult::GaveUp,
        _ => failure.result(),
    };
    store::write(tx, &[Change::of(handoff::State::Leased, &after)], now).await?;
    attempts::add(tx, &attempt(result, after.state.name().as_str())).await?;
    if let State::Dead(reason) = after.state {
        metrics::dead(reason);
        let reason = reason.as_str();
        tracing::error!(handoff_id = %after.id, campaign_id = %after.campaign_id, reason, "a handoff was given up on");
        let detail = json!({ "reason": reason });
        let event = about_handoff(context, reporter.actor, "handoff.dead", &after, detail);
        audit::record(tx, &[event]).await?;
    }
    Ok(())
}

/// Moves a leased handoff on.
fn moved(
    mut handoff: Handoff,
    next: &Next,
    leased: &Leased,
    context: &Context,
) -> Result<Handoff, Error> {
    let now = context.clock.now();
    let event = match *next {
        Next::PutBack { after, unsent } => {
            // This attempt was not sent; an earlier one may have been, and then the partner is asked first.
            if unsent {
                handoff.sent_at = leased.sent_before;
            }
            handoff.not_before = now + after;
            Event::PutBack
        }
        Next::Ask { after } => {
            handoff.not_before = now + after;
            Event::LoseAnswer
        }
        Next::GiveUp(reason) => {
            handoff.not_before = now;
            Event::GiveUp(reason)
        }
    };
    handoff.state = handoff.state.on(event)?;
    Ok(handoff)
}
