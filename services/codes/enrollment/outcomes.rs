//! Applies outcomes to enrollments: the way back from the partner.
//!
//! An outcome is taken out of its table and applied in one transaction, so it is applied once. One that contradicts the
//! enrollment or comes too late is recorded in the audit log and changes nothing: a canceled enrollment stays canceled.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::codes::campaign::campaign_cache::CachedCampaign;
use crate::codes::campaign::term;
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db::audit::{self, Event as AuditEvent};
use crate::db::entities::ClosedSet;
use crate::db::entities::enrollment::State;
use crate::db::entities::outcome::{Decision, Model as Outcome};
use crate::db::{self, Tx};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId};
use crate::kernel::lifecycle;

use super::outcome_store::{self as store, Change, Standing};
use super::state::{self, Event};

/// Outcomes in one transaction.
const BATCH: u64 = 256;
/// How long to wait when there is nothing to do.
const IDLE: Duration = Duration::from_millis(200);
/// How long to wait after an error.
const TROUBLE: Duration = Duration::from_secs(1);

/// Applies outcomes until the process drains.
pub async fn run(context: Context, token: CancellationToken) {
    loop {
        let pause = match step(&context).await {
            Ok(0) => IDLE,
            Ok(_) => Duration::ZERO,
            Err(error) => {
                tracing::error!(%error, "outcomes are not applied; trying again");
                TROUBLE
            }
        };
        if !lifecycle::pause(&token, pause).await {
            return;
        }
    }
}

/// Applies what waits, at most one batch, and gives the number of outcomes taken.
pub async fn step(context: &Context) -> Result<usize, Error> {
    if !store::any(context.db.read()).await? {
        return Ok(0);
    }
    match take(context, BATCH).await {
        // One of them is damaged: taken one by one, it holds the others up only once.
        Err(Error::Storage(db::Error::Corrupt { .. } | db::Error::Unique { .. })) => {
            take(context, 1).await
        }
        result => result,
    }
}

async fn take(context: &Context, limit: u64) -> Result<usize, Error> {
    let now = context.now();
    context
        .db
        .run_tx("apply_outcomes", |tx| {
            Box::pin(async move {
                let outcomes = store::take(tx, limit).await?;
                if outcomes.is_empty() {
                    return Ok(0);
                }
                let mut enrollments = Enrollments::lock(tx, &outcomes).await?;
                let mut events = Vec::with_capacity(outcomes.len());
                for outcome in &outcomes {
                    let campaign = context
                        .campaign_cache
                        .by_id(tx, outcome.campaign_id)
                        .await?;
                    let detail = enrollments.apply(&campaign, outcome)?;
                    events.push(recorded(context, outcome, detail, now));
                }
                store::apply(tx, &enrollments.changes(now)).await?;
                audit::record(tx, &events).await?;
                Ok::<_, Error>(outcomes.len())
            })
        })
        .await
}

fn recorded(context: &Context, outcome: &Outcome, detail: Value, now: Timestamp) -> AuditEvent {
    AuditEvent {
        id: context.ids.next(),
        campaign_id: Some(outcome.campaign_id),
        at: now,
        actor: "service/enrollment-codes".to_owned(),
        action: if detail["applied"] == json!(true) {
            "outcome.applied"
        } else {
            "outcome.recorded"
        },
        subject_kind: "enrollment",
        subject_id: Some(outcome.enrollment_id.as_uuid()),
        detail,
    }
}

/// The enrollments of a batch of outcomes, and what has become of them so far.
struct Enrollments(BTreeMap<(CampaignId, EnrollmentId), Entry>);

struct Entry {
    from: State,
    changed: bool,
    now: Standing,
}

impl Enrollments {
    async fn lock(tx: &Tx<'_>, outcomes: &[Outcome]) -> Result<Self, Error> {
        let standings = store::standings(tx, outcomes).await?.into_iter();
        let entries = standings.map(|standing| {
            let entry = Entry {
                from: standing.state,
                changed: false,
                now: standing,
            };
            ((entry.now.campaign_id, entry.now.id), entry)
        });
        Ok(Self(entries.collect()))
    }

    /// Applies an outcome if it fits, and gives the detail for the audit log.
    fn apply(&mut self, campaign: &CachedCampaign, outcome: &Outcome) -> Result<Value, Error> {
        let class = outcome.outcome_class.map_or("", ClosedSet::as_str);
        let mut detail = json!({
            "outcome": outcome.id, "handoff": outcome.handoff_id, "result": outcome.result,
            "class": class, "effective": outcome.effective_at, "applied": false,
        });
        let key = (outcome.campaign_id, outcome.enrollment_id);
        let Some(entry) = self.0.get_mut(&key) else {
            detail["why"] = json!("NO_ENROLLMENT");
            return Ok(detail);
        };
        match entry.apply(campaign, outcome)? {
            Ok(()) => detail["applied"] = json!(true),
            Err(from) => detail["why"] = json!(from),
        }
        Ok(detail)
    }

    fn changes(self, now: Timestamp) -> Vec<Change> {
        let changed = self.0.into_values().filter(|entry| entry.changed);
        changed.map(|entry| entry.change(now)).collect()
    }
}

impl Entry {
    /// Applies an outcome, or names the state that it does not fit.
    fn apply(
        &mut self,
        campaign: &CachedCampaign,
        outcome: &Outcome,
    ) -> Result<Result<(), &'static str>, Error> {
        let decision = outcome.decision()?;
        let event = match decision {
            Decision::Active => Event::Activate,
            Decision::ActionRequired(_) => Event::RequireAction,
            Decision::Refused(_) => Event::Refuse,
            Decision::Canceled => Event::Cancel,
        };
        let state = match state::on(self.now.state, event) {
            Ok(state) => state,
            Err(forbidden) => return Ok(Err(forbidden.from)),
        };
        match decision {
            Decision::Active => {
                let at = outcome.effective_at;
                let day = term::term_ends_on(at, &campaign.zone, campaign.term_months)
                    .map_err(|_| db::Error::corrupt("outcome.effective_at"))?;
                self.now.activated_at = Some(at);
                self.now.term_ends_on = Some(day.to_string());
                self.now.outcome_class = None;
            }
            Decision::ActionRequired(class) | Decision::Refused(class) => {
                self.now.outcome_class = Some(class);
            }
            Decision::Canceled => {}
        }
        self.now.state = state;
        self.changed = true;
        Ok(Ok(()))
    }

    fn change(self, now: Timestamp) -> Change {
        let Standing {
            campaign_id,
            id,
            state,
            activated_at,
            term_ends_on,
            outcome_class,
        } = self.now;
        Change {
            campaign_id,
            id,
            from_state: self.from,
            to_state: state,
            activated_at,
            term_ends_on,
            outcome_class,
            settled_at: (!State::LIVE.contains(&state)).then_some(now),
        }
    }
}
