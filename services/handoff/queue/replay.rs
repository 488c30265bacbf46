//! Queues a handoff again that was given up on.

use serde_json::json;

use crate::db::audit;
use crate::db::entities::handoff::{self, Kind};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::kernel::ids::{CampaignId, HandoffId};
use crate::process::request::{self, Request};

use super::audit::about_handoff;
use super::handoff::Handoff;
use super::state::{Event, State};
use super::store::{self, Change};

/// Queues a DEAD handoff again. Whether it was ever sent stays in its row, so that the partner is asked first.
pub async fn replay_handoff(
    context: &Context,
    request: &Request,
    campaign: CampaignId,
    id: HandoffId,
) -> Result<Handoff, Error> {
    context
        .db
        .run_tx("handoff.replay", |tx| {
            Box::pin(async move {
                let found = store::lock(tx, campaign, id).await?;
                let mut handoff = found.ok_or(Error::HandoffNotFound)?;
                if request::answered::<HandoffId>(tx, request).await?.is_some() {
                    return Ok(handoff);
                }
                let now = context.clock.now();
                let State::Dead(reason) = handoff.state else {
                    let state = handoff.state.name();
                    return Err(Error::NotDead { handoff: id, state });
                };
                // A CANCEL may be under way because its ENROLL was DEAD; the ENROLL must not follow it.
                if handoff.kind == Kind::Enroll && store::lock_twin(tx, &handoff).await?.is_some() {
                    return Err(Error::BeingCanceled { handoff: id });
                }
                handoff.state = handoff.state.on(Event::Replay)?;
                handoff.not_before = now;
                let change = Change::of(handoff::State::Dead, &handoff);
                store::write(tx, &[change], now).await?;
                let detail = json!({ "reason": reason });
                let actor = &request.caller;
                let event = about_handoff(context, actor, "handoff.replayed", &handoff, detail);
                audit::record(tx, &[event]).await?;
                request::record(tx, request, &id, now).await?;
                Ok(handoff)
            })
        })
        .await
}
