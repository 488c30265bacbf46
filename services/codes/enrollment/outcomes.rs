//! Applies outcomes to enrollments: the way back from the partner.
//!
//! An outcome is taken out of its table and applied in one transaction, so it is applied once. One that contradicts the
//! enrollment or comes too late is recorded in the audit log and changes nothing: a canceled enrollment stays canceled.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Date;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::codes::campaign::campaign_cache::Frame;
use crate::codes::campaign::term;
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db::audit::{self, Event as AuditEvent};
use crate::db::{self, Tx};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId, HandoffId, VerificationId};
use crate::kernel::lifecycle;

use super::outcome_store as store;
use super::outcome_store::{Change, Outcome, Standing};
use super::state::{Event, Kind, State};

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
        // Something about one of them cannot be: alone, it stops the others only once.
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
                let mut book = Book::open(tx, &outcomes).await?;
                let mut events = Vec::with_capacity(outcomes.len());
                for outcome in &outcomes {
                    let frame = Frame::by_id(context, tx, outcome.campaign_id).await?;
                    let detail = book.apply(&frame, outcome)?;
                    events.push(recorded(context, outcome, detail, now));
                }
                store::apply(tx, &book.changes(now)).await?;
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

/// The enrollments of a batch and what has become of them so far.
struct Book(BTreeMap<(CampaignId, EnrollmentId), Page>);

struct Page {
    from: Kind,
    state: State,
    changed: bool,
    standing: Standing,
}

impl Book {
    async fn open(tx: &Tx<'_>, outcomes: &[Outcome]) -> Result<Self, Error> {
        let mut pages = BTreeMap::new();
        for standing in store::standings(tx, outcomes).await? {
            let state = state_of(&standing)?;
            let page = Page {
                from: state.kind(),
                state,
                changed: false,
                standing,
            };
            pages.insert((page.standing.campaign_id, page.standing.id), page);
        }
        Ok(Self(pages))
    }

    /// Applies an outcome if it fits, and gives the detail for the audit log.
    fn apply(&mut self, frame: &Frame, outcome: &Outcome) -> Result<Value, Error> {
        let mut detail = json!({
            "outcome": outcome.id, "handoff": outcome.handoff_id, "result": outcome.result,
            "class": outcome.outcome_class, "effective": outcome.effective_at, "applied": false,
        });
        let Some(page) = self
            .0
            .get_mut(&(outcome.campaign_id, outcome.enrollment_id))
        else {
            detail["why"] = json!("NO_ENROLLMENT");
            return Ok(detail);
        };
        match page.state.clone().on(event_of(frame, outcome)?) {
            Ok(next) => {
                page.changed = true;
                page.state = next;
                detail["applied"] = json!(true);
            }
            Err(forbidden) => detail["why"] = json!(forbidden.from),
        }
        Ok(detail)
    }

    fn changes(self, now: Timestamp) -> Vec<Change> {
        let changed = self.0.into_values().filter(|page| page.changed);
        changed.map(|page| page.change(now)).collect()
    }
}

impl Page {
    fn change(self, now: Timestamp) -> Change {
        let to = self.state.kind();
        let (activated_at, term_ends_on) = match &self.state {
            State::Active {
                since,
                term_ends_on,
            } => (Some(*since), Some(term_ends_on.to_string())),
            _ => (self.standing.activated_at, self.standing.term_ends_on),
        };
        let outcome_class = match self.state {
            State::ActionRequired { class } | State::Refused { class } => Some(class),
            State::Canceled | State::Ended => self.standing.outcome_class,
            _ => None,
        };
        let settled = matches!(to, Kind::Refused | Kind::Ended | Kind::Canceled);
        Change {
            campaign_id: self.standing.campaign_id,
            id: self.standing.id,
            from_state: self.from.as_str(),
            to_state: to.as_str(),
            activated_at: activated_at.map(Timestamp::as_micros),
            term_ends_on,
            outcome_class,
            settled_at: settled.then_some(now.as_micros()),
        }
    }
}

fn event_of(frame: &Frame, outcome: &Outcome) -> Result<Event, Error> {
    let class = outcome.outcome_class.clone();
    match outcome.result.as_str() {
        "ACTIVE" => {
            let at = outcome.effective_at;
            let term_ends_on = term::term_ends_on(at, &frame.zone, frame.term_months)
                .map_err(|_| db::Error::corrupt("outcome.effective_at"))?;
            Ok(Event::Activate { at, term_ends_on })
        }
        "ACTION_REQUIRED" => Ok(Event::RequireAction(class)),
        "REFUSED" => Ok(Event::Refuse(class)),
        "CANCELED" => Ok(Event::Cancel),
        _ => Err(db::Error::corrupt("outcome.result").into()),
    }
}

fn state_of(standing: &Standing) -> Result<State, Error> {
    let missing = || {
        Error::from(db::Error::corrupt(
            "an enrollment without what its state has earned",
        ))
    };
    let class = || standing.outcome_class.clone().unwrap_or_default();
    Ok(match Kind::parse(&standing.state)? {
        Kind::Started => State::Started,
        Kind::Verified => {
            let verification: VerificationId = standing.verification_id.ok_or_else(missing)?;
            State::Verified { verification }
        }
        Kind::Submitted => {
            let handoff: HandoffId = standing.handoff_id.ok_or_else(missing)?;
            State::Submitted { handoff }
        }
        Kind::Active => {
            let day = standing
                .term_ends_on
                .as_deref()
                .and_then(|day| day.parse::<Date>().ok());
            State::Active {
                since: standing.activated_at.ok_or_else(missing)?,
                term_ends_on: day.ok_or_else(missing)?,
            }
        }
        Kind::ActionRequired => State::ActionRequired { class: class() },
        Kind::Refused => State::Refused { class: class() },
        Kind::Ended => State::Ended,
        Kind::Canceled => State::Canceled,
    })
}
