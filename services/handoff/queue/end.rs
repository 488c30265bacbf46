//! Ends leases without a status: what waits again, what is asked after, what is given up on.

use serde_json::json;

use crate::db::Tx;
use crate::db::audit::{self, Event as AuditEvent};
use crate::db::entities::ClosedSet as _;
use crate::db::entities::handoff::DeadReason;
use crate::db::entities::handoff_attempt::AttemptResult;
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::metrics;
use crate::kernel::clock::Timestamp;

use super::attempts::{self, Attempt};
use super::audit::about_handoff;
use super::handoff::Handoff;
use super::retry_policy::{self, Failure, History, Next};
use super::state::{Event, State};
use super::store::{self, Change};

/// A try that failed.
#[derive(Clone, Debug)]
pub struct Failed {
    /// The handoff, locked and under its lease.
    pub handoff: Handoff,
    /// When it had been offered before this lease.
    pub sent_before: Option<Timestamp>,
    /// Why.
    pub failure: Failure,
    /// Whether the partner answers others meanwhile.
    pub partner_answers: bool,
}

/// Ends the leases of tries that failed, all in a few statements.
pub async fn end_failed(
    tx: &Tx<'_>,
    context: &Context,
    actor: &str,
    failed: &[Failed],
) -> Result<(), Error> {
    let now = context.clock.now();
    let mut changes = Vec::with_capacity(failed.len());
    let mut ended = Vec::with_capacity(failed.len());
    let mut events = Vec::new();
    for failed in failed {
        let after = failed.after(context)?;
        let result = match after.state {
            State::Dead(_) => AttemptResult::GaveUp,
            _ => failed.failure.result(),
        };
        let detail = after.state.name().as_str();
        ended.push(Attempt::of(&failed.handoff, now, result, detail));
        changes.push(Change::of(failed.handoff.state.name(), &after));
        if let State::Dead(reason) = after.state {
            events.push(given_up((context, actor), &after, reason));
        }
    }
    store::write(tx, &changes, now).await?;
    attempts::add(tx, &ended).await?;
    Ok(audit::record(tx, &events).await?)
}

/// Raises the alarm about a handoff that is given up on, and makes its audit event.
pub fn given_up(
    (context, actor): (&Context, &str),
    handoff: &Handoff,
    reason: DeadReason,
) -> AuditEvent {
    metrics::dead(reason);
    let reason = reason.as_str();
    tracing::error!(handoff_id = %handoff.id, campaign_id = %handoff.campaign_id, reason, "a handoff was given up on");
    let detail = json!({ "reason": reason });
    about_handoff(context, actor, "handoff.dead", handoff, detail)
}

impl Failed {
    /// Gives the tries of the order before this one.
    fn history(&self) -> History {
        let count = |column: i32| u32::try_from(column).unwrap_or(0);
        History {
            tries: count(self.handoff.tries),
            failures: count(self.handoff.failures),
            partner_answers: self.partner_answers,
        }
    }

    /// Gives the handoff as it stands after this try.
    fn after(&self, context: &Context) -> Result<Handoff, Error> {
        let now = context.clock.now();
        let before = self.history();
        let next = retry_policy::next(&self.failure, before, &context.rules, &context.ids);
        let tried = self.failure.added_to(before);
        let column = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        let mut handoff = Handoff {
            tries: column(tried.tries),
            failures: column(tried.failures),
            ..self.handoff.clone()
        };
        let event = match next {
            Next::PutBack { after, unsent } => {
                // This try did not reach the partner; an earlier one may have, and then the partner is asked first.
                if unsent {
                    handoff.sent_at = self.sent_before;
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
}
