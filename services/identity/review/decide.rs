//! DecideReview.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::db::entities::ClosedSet;
use crate::db::entities::review::{Model, State};
use crate::db::{Tx, audit};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::roster::keys::RosterKeys;
use crate::identity::roster::store as roster;
use crate::kernel::ids::{CampaignId, ReviewId};
use crate::process::request::{self, Request};
use crate::process::{Act, Call};

use super::state::{self, Decision};
use super::work::Work;
use super::{merge, store, undo};

/// What is asked.
#[derive(Clone, Debug)]
pub struct Decide {
    /// Makes a repeated call the same call.
    pub request: Request,
    /// The campaign.
    pub campaign: CampaignId,
    /// The review.
    pub review: ReviewId,
    /// The decision.
    pub decision: Decision,
    /// Why, in the decider's words.
    pub reason: String,
}

/// What a decision came to, as it is stored for a repeated call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// Whether the one who went off the list had a letter printed.
    pub letter_out: bool,
    /// Whether the record of the one who stays is as it was before the merge.
    pub record_restored: bool,
}

/// Decides a review, under the lock of the roster: no import and no other decision sees half of it.
pub async fn decide_review(
    context: &Context,
    call: &Call,
    command: &Decide,
) -> Result<(Model, Effect), Error> {
    let key = roster::find_key(context.db.read(), command.campaign).await?;
    let keys = RosterKeys::of(context, &key.ok_or(Error::ReviewNotFound)?)?;
    let keys = Arc::new(keys);
    let campaign = roster::campaign(context.db.read(), command.campaign).await?;
    let actor = call.actor();
    let work = &Work {
        context,
        campaign: command.campaign,
        keys: &keys,
        now: context.now(),
        today: roster::today(&campaign, context.now())?,
        actor: &actor,
    };
    let act = Act::on("review.decided", "review", command.review);
    let detail = json!({
        "decision": command.decision.to().as_str(), "reason": command.reason,
    });
    let event = &call.event(context, Some(command.campaign), act, detail);
    context
        .db
        .run_tx("decide_review", |tx| {
            Box::pin(async move {
                let done: Option<Effect> = request::answered(tx, &command.request).await?;
                let effect = if let Some(effect) = done {
                    effect
                } else {
                    let effect = decide(tx, work, command).await?;
                    audit::record(tx, std::slice::from_ref(event)).await?;
                    request::record(tx, &command.request, &effect, work.now).await?;
                    effect
                };
                let row = store::find(tx, command.campaign, command.review).await?;
                Ok((row.ok_or(Error::ReviewNotFound)?, effect))
            })
        })
        .await
}

async fn decide(tx: &Tx<'_>, work: &Work<'_>, command: &Decide) -> Result<Effect, Error> {
    roster::lock_roster(tx, command.campaign).await?;
    let row = store::find(tx, command.campaign, command.review).await?;
    let row = row.ok_or(Error::ReviewNotFound)?;
    if !state::allows(row.state, command.decision) {
        return Err(Error::ReviewState {
            state: row.state.as_str(),
        });
    }
    let mut effect = Effect::default();
    let mut decided = Model {
        state: command.decision.to(),
        decided_at: Some(work.now),
        decided_by: Some(work.actor.to_owned()),
        reason: Some(command.reason.clone()),
        kept_id: None,
        taken_over: None,
        ..row.clone()
    };
    match command.decision {
        Decision::KeepApart => {}
        Decision::Merge => {
            let merged = merge::merge(tx, work, &row).await?;
            effect.letter_out = merged.letter_out;
            decided.kept_id = Some(merged.kept);
            decided.taken_over = Some(json!(merged.taken_over).to_string());
        }
        Decision::Reopen => {
            if row.state == State::Merged {
                effect.record_restored = undo::undo(tx, work, &row).await?;
            }
            decided.decided_at = None;
            decided.decided_by = None;
        }
    }
    store::write(tx, decided).await?;
    Ok(effect)
}
