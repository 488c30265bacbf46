//! Writes down what calls to a partner came to.

use serde_json::json;

use crate::db::{Tx, audit};
use crate::handoff::audit::about_handoff;
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::metrics;
use crate::handoff::outcome::apply_status::{Said, Speaker, Verdict, learn};
use crate::handoff::vocabulary::{AttemptResult, Stage};
use crate::kernel::clock::Timestamp;

use super::attempts::{self, Attempt};
use super::lease_store::Leased;
use super::model::Handoff;
use super::retry_policy::{self, Answer, History, Next};
use super::state::{Event, State};
use super::store::{self, Change};

/// A call that came to an end.
#[derive(Clone, Debug)]
pub struct Done {
    /// The handoff under its lease.
    pub leased: Leased,
    /// What the call came to.
    pub answer: Answer,
}

/// Settles calls, all in one short transaction that reads the handoffs again.
///
/// What the partner said is a fact and is recorded whatever the lease says. Everything else needs the lease: where it is
/// lost, the attempt is written down and nothing else.
pub async fn settle(context: &Context, speaker: Speaker<'_>, done: &[Done]) -> Result<(), Error> {
    context
        .db
        .run_tx("handoff.settle", |tx| {
            Box::pin(async move {
                let unsettled = facts(tx, context, speaker, done).await?;
                for done in unsettled {
                    without_fact(tx, context, speaker, &done).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Records the facts and gives back what is none, or what contradicts itself under a lease.
async fn facts(
    tx: &Tx<'_>,
    context: &Context,
    speaker: Speaker<'_>,
    done: &[Done],
) -> Result<Vec<Done>, Error> {
    let now = context.clock.now();
    let history = History {
        attempts: 1,
        failures: 0,
    };
    let mut said = Vec::new();
    let mut from = Vec::new();
    let mut others = Vec::new();
    for done in done {
        let is_fact = matches!(done.answer, Answer::Said(_) | Answer::InvalidInput);
        let next = is_fact.then(|| {
            retry_policy::next(
                done.answer.clone(),
                history,
                &context.rules.patience(),
                now,
                &context.ids,
            )
        });
        if let Some(Next::Record(report)) = next {
            said.push(Said {
                handoff: done.leased.handoff.id,
                report,
            });
            from.push(done);
        } else {
            others.push(done.clone());
        }
    }
    let verdicts = learn(tx, context, speaker, &said).await?;
    for (done, verdict) in from.into_iter().zip(verdicts) {
        if matches!(verdict, Verdict::Contradicts | Verdict::Malformed) {
            others.push(Done {
                answer: Answer::Unreadable,
                ..done.clone()
            });
        }
    }
    Ok(others)
}

async fn without_fact(
    tx: &Tx<'_>,
    context: &Context,
    speaker: Speaker<'_>,
    done: &Done,
) -> Result<(), Error> {
    let leased = &done.leased.handoff;
    let Some(handoff) = store::lock(tx, leased.campaign_id, leased.id).await? else {
        return Ok(());
    };
    let is_ours =
        handoff.state.stage() == Stage::Leased && handoff.lease_token == leased.lease_token;
    if !is_ours {
        metrics::lease_lost();
        return attempts::add(
            tx,
            &[attempt(context, done, done.answer.result(), "LEASE_LOST")],
        )
        .await;
    }
    let results = attempts::results(tx, handoff.campaign_id, handoff.id).await?;
    let history = History {
        attempts: u32::try_from(handoff.attempts).unwrap_or(u32::MAX),
        failures: retry_policy::failures(results),
    };
    let now = context.clock.now();
    let next = retry_policy::next(
        done.answer.clone(),
        history,
        &context.rules.patience(),
        now,
        &context.ids,
    );
    let Some(after) = moved(handoff, &next, done.leased.sent_before, context)? else {
        return Ok(());
    };
    let result = match after.state {
        State::Dead(_) => AttemptResult::GaveUp,
        _ => done.answer.result(),
    };
    store::write(tx, &[Change::of(Stage::Leased, &after)]).await?;
    attempts::add(
        tx,
        &[attempt(context, done, result, after.state.stage().as_str())],
    )
    .await?;
    if let State::Dead(reason) = after.state {
        metrics::dead(reason);
        tracing::error!(handoff_id = %after.id, campaign_id = %after.campaign_id, %reason, "a handoff was given up on");
        let detail = json!({"reason": reason.as_str()});
        let event = about_handoff(context, now, speaker.actor, "handoff.dead", &after, detail);
        audit::record(tx, &[event]).await?;
    }
    Ok(())
}

/// Moves a leased handoff on; `None` where the step needs a fact.
fn moved(
    mut handoff: Handoff,
    next: &Next,
    sent_before: Option<Timestamp>,
    context: &Context,
) -> Result<Option<Handoff>, Error> {
    let now = context.clock.now();
    let event = match *next {
        Next::Record(_) => return Ok(None),
        Next::PutBack { after, unsent } => {
            // This attempt was not sent; an earlier one may have been, and then the partner is asked first.
            if unsent {
                handoff.sent_at = sent_before;
            }
            handoff.not_before = now + after;
            Event::PutBack {
                not_before: now + after,
            }
        }
        Next::Ask { after } => {
            handoff.not_before = now + after;
            Event::LoseAnswer {
                not_before: now + after,
            }
        }
        Next::GiveUp(reason) => {
            handoff.not_before = now;
            Event::GiveUp(reason)
        }
    };
    handoff.state = handoff.state.on(event)?;
    Ok(Some(handoff))
}

fn attempt(context: &Context, done: &Done, result: AttemptResult, detail: &'static str) -> Attempt {
    let handoff = &done.leased.handoff;
    let now = context.clock.now();
    Attempt {
        campaign_id: handoff.campaign_id,
        handoff_id: handoff.id,
        attempt: handoff.attempts,
        started_at: handoff.sent_at.unwrap_or(now),
        ended_at: now,
        result,
        detail,
    }
}
