//! Queues a handoff again that was given up on, or that waits for longer than any rule allows.

use serde_json::json;

use crate::db::entities::ClosedSet as _;
use crate::db::entities::handoff::{DeadReason, Kind};
use crate::db::{Tx, audit};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::kernel::ids::{CampaignId, HandoffId};
use crate::process::request::{self, Request};

use super::audit::about_handoff;
use super::handoff::Handoff;
use super::retry_policy;
use super::state::{Event, State};
use super::store::{self, Change};

/// The reason in the audit log for a handoff that the partner has lost, as an operator says.
const LOST: &str = "PARTNER_LOST_IT";
/// The reason in the audit log for what follows an order, or a restoration, that the partner did not take at first.
const NOT_TAKEN: &str = "NOT_TAKEN";
/// The reason in the audit log for a handoff that a wrong clock dated.
const MISDATED: &str = "MISDATED";

/// Queues a DEAD handoff again, or one that the partner lost as an operator says, or an extension, an update of
/// a person or a restoration that it did not take; and makes one due that a wrong clock dated. Whether it was ever sent stays in its row, so that
/// the partner is asked first.
pub async fn replay_handoff(
    context: &Context,
    request: &Request,
    campaign: CampaignId,
    (id, is_lost): (HandoffId, bool),
) -> Result<Handoff, Error> {
    context
        .db
        .run_tx("handoff.replay", |tx| {
            Box::pin(async move {
                let found = store::lock(tx, campaign, id).await?;
                let handoff = found.ok_or(Error::HandoffNotFound)?;
                if request::answered::<HandoffId>(tx, request).await?.is_some() {
                    return Ok(handoff);
                }
                let replayed = replay(tx, (context, &request.caller), handoff, is_lost).await?;
                request::record(tx, request, &id, context.clock.now()).await?;
                Ok(replayed)
            })
        })
        .await
}

/// Queues a locked handoff again, as [`replay_handoff`] does, and audits it.
pub async fn replay(
    tx: &Tx<'_>,
    (context, actor): (&Context, &str),
    mut handoff: Handoff,
    is_lost: bool,
) -> Result<Handoff, Error> {
    let id = handoff.id;
    let now = context.clock.now();
    let from = handoff.state.name();
    let latest = now + retry_policy::longest(&context.rules);
    let reason = match handoff.state {
        State::Dead(reason) => reason.as_str(),
        State::Accepted | State::Active if is_lost => LOST,
        State::Queued | State::Unsettled if handoff.not_before > latest => MISDATED,
        State::ActionRequired(_) | State::Refused(_) if is_settled_by_hand(handoff.kind) => {
            NOT_TAKEN
        }
        _ => {
            return Err(Error::NotDead {
                handoff: id,
                state: from,
            });
        }
    };
    let waits = matches!(handoff.state, State::Queued | State::Unsettled);
    if !waits {
        if is_canceled(tx, &handoff).await? {
            return Err(Error::BeingCanceled { handoff: id });
        }
        let forgot = State::Dead(DeadReason::PartnerForgot);
        if is_lost || handoff.state == forgot {
            handoff = anew(handoff);
        }
        let event = if reason == NOT_TAKEN {
            (handoff.order_attempt, handoff.ordered_at) = (handoff.order_attempt + 1, now);
            Event::Resubmit
        } else {
            Event::Replay
        };
        handoff.state = handoff.state.on(event)?;
        (handoff.tries, handoff.failures) = (0, 0);
    }
    handoff.not_before = now;
    handoff.ordered_at = handoff.ordered_at.min(now);
    handoff.sent_at = handoff.sent_at.map(|at| at.min(now));
    let change = Change::of(from, &handoff);
    store::write(tx, &[change], now).await?;
    let detail = json!({ "reason": reason });
    let event = about_handoff(context, actor, "handoff.replayed", &handoff, detail);
    audit::record(tx, &[event]).await?;
    Ok(handoff)
}

/// Tells whether an operator settles with the partner why it did not take a handoff: nobody orders it again by resubmitting an enrollment.
const fn is_settled_by_hand(kind: Kind) -> bool {
    matches!(kind, Kind::Extend | Kind::Restore | Kind::UpdatePerson)
}

/// Tells whether a CANCEL is there, or under way because its ENROLL was DEAD: what it cancels must not follow it.
async fn is_canceled(tx: &Tx<'_>, handoff: &Handoff) -> Result<bool, Error> {
    match handoff.kind {
        Kind::Enroll => Ok(store::lock_twin(tx, handoff).await?.is_some()),
        Kind::Cancel | Kind::Extend | Kind::Restore | Kind::UpdatePerson => {
            store::is_withdrawn(tx, handoff).await
        }
    }
}

/// Forgets what the partner told of a handoff: what it tells when it has got it again replaces that, under another reference and with
/// revisions that begin anew.
pub fn anew(handoff: Handoff) -> Handoff {
    Handoff {
        partner_reference: None,
        revision: 0,
        reported_at: None,
        acknowledged_at: None,
        settled_at: None,
        ..handoff
    }
}
