//! An operator closes a difference with a reason.

use serde_json::json;

use crate::db::audit;
use crate::db::entities::ClosedSet as _;
use crate::db::entities::reconciliation_difference::{CloseReason, Model, State};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::kernel::ids::{CampaignId, DifferenceId};
use crate::process::Act;
use crate::process::request::{self, Request};

use super::difference_store::{self, Closing};

/// What an operator says of a difference.
#[derive(Clone, Debug)]
pub struct Close {
    /// The campaign.
    pub campaign: CampaignId,
    /// The difference.
    pub difference: DifferenceId,
    /// Why.
    pub reason: CloseReason,
    /// What else there is to say.
    pub note: Option<String>,
}

/// Closes a difference that is not over.
pub async fn close_difference(
    context: &Context,
    request: &Request,
    command: &Close,
) -> Result<Model, Error> {
    let closed = context.db.run_tx("reconciliation.close", |tx| {
        Box::pin(async move {
            let found = difference_store::lock(tx, command.campaign, command.difference).await?;
            let difference = found.ok_or(Error::DifferenceNotFound)?;
            let known: Option<DifferenceId> = request::answered(tx, request).await?;
            if known.is_some() {
                return Ok(difference);
            }
            if matches!(difference.state, State::Closed | State::Resolved) {
                return Err(Error::DifferenceOver {
                    difference: difference.id,
                    state: difference.state,
                });
            }
            let now = context.now();
            let closing = Closing {
                reason: command.reason,
                note: command.note.clone(),
                by: request.caller.clone(),
                at: now,
            };
            let closed = difference_store::close(tx, &difference, closing).await?;
            let detail = json!({
                "kind": closed.kind.as_str(),
                "our_state": closed.our_state,
                "their_progress": closed.their_progress,
                "reason": command.reason.as_str(),
                "note": command.note,
            });
            let act = Act::on("difference.closed", "difference", closed.id);
            let actor = request.caller.clone();
            let event = context.event(actor, Some(command.campaign), act, detail);
            audit::record(tx, &[event]).await?;
            request::record(tx, request, &closed.id, now).await?;
            Ok(closed)
        })
    });
    closed.await
}
