//! Queues a handoff again that was given up on.

use serde_json::json;

use crate::db::audit;
use crate::db::idempotency::{self, Known};
use crate::handoff::audit::about_handoff;
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::vocabulary::{Kind, Stage};
use crate::kernel::ids::{CampaignId, HandoffId};

use super::model::Handoff;
use super::state::{Event, State};
use super::store::{self, Change};

/// Queues a DEAD handoff again. Whether it was ever sent stays in its row, so that the partner is asked first.
pub async fn replay(
    context: &Context,
    request: &idempotency::Request,
    campaign: CampaignId,
    id: HandoffId,
) -> Result<Handoff, Error> {
    context
        .db
        .run_tx("handoff.replay", |tx| {
            Box::pin(async move {
                let found = store::lock(tx, campaign, id).await?;
                let mut handoff = found.ok_or(Error::HandoffNotFound)?;
                match idempotency::look_up(tx, request).await? {
                    Known::Done(_) => return Ok(handoff),
                    Known::Conflict => return Err(Error::RequestIdReused),
                    Known::New => {}
                }
                let now = context.clock.now();
                let State::Dead(reason) = handoff.state else {
                    let stage = handoff.state.stage();
                    return Err(Error::NotDead { handoff: id, stage });
                };
                // A CANCEL may be under way because its ENROLL was dead; it must not be overtaken now.
                if handoff.kind == Kind::Enroll && store::lock_twin(tx, &handoff).await?.is_some() {
                    return Err(Error::BeingCanceled { handoff: id });
                }
                handoff.state = handoff.state.on(Event::Replay { now })?;
                handoff.not_before = now;
                store::write(tx, &[Change::of(Stage::Dead, &handoff)]).await?;
                let detail = json!({"reason": reason.as_str()});
                let event = about_handoff(
                    context,
                    now,
                    &request.caller,
                    "handoff.replayed",
                    &handoff,
                    detail,
                );
                audit::record(tx, &[event]).await?;
                idempotency::record(tx, request, &id.to_string(), now).await?;
                Ok(handoff)
            })
        })
        .await
}
