//! Ordering coverages again that a partner did not start, and telling the partners of those that run what the person has mended.
//!
//! A coverage that did not start is SUBMITTED again, and a row of `resubmission` is written in the same transaction: `bureau-handoff` takes the row and
//! queues the handoff with the next attempt. What the person has mended is read when the order is sent. A coverage that runs stays as it is, and
//! its partner is told by a handoff of its own (`update_person`).

use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::db::entities::coverage::Model as Coverage;
use crate::db::entities::enrollment::State;
use crate::db::entities::resubmission::Model as Resubmission;
use crate::db::{Tx, audit};
use crate::kernel::caller::Role;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CoverageId, EnrollmentId, VerificationId};
use crate::process::request::{self, Request};
use crate::process::{self, Act, Call};

use super::begin_store::ONE_LIVE;
use super::coverage::{can_be_ordered_again, ordered_again, runs, standing as standing_of};
use super::coverage_store::{self, CoverageChange, Key};
use super::order::FollowUp;
use super::outcome_store::{self, Change, Standing};
use super::reach;
use super::store::{self, Enrollment};
use super::update_person::{self, Update};

/// An enrollment whose coverages are to be ordered again.
#[derive(Clone, Debug)]
pub struct Resubmit {
    /// The engagement number, in its one spelling.
    pub engagement_number: String,
    /// The enrollment.
    pub enrollment: EnrollmentId,
    /// A good verification of the person, for a caller that did not begin it.
    pub verification: Option<VerificationId>,
    /// Which of its coverages; none means all that run, and all that the caller may order again.
    pub coverages: Vec<CoverageId>,
}

/// Orders coverages again, and has updated what runs.
pub async fn resubmit_enrollment(
    context: &Context,
    call: &Call,
    request: &Request,
    resubmit: &Resubmit,
) -> Result<Enrollment, Error> {
    let read = context.db.read();
    let cached = (context.campaign_cache)
        .by_number(read, &resubmit.engagement_number)
        .await?;
    let (cached, campaign) = (&*cached, cached.id);
    let now = context.now();
    let id = resubmit.enrollment;
    let key = Key {
        campaign_id: campaign,
        id,
    };
    let done = context.db.run_tx("resubmit_enrollment", |tx| {
        Box::pin(async move {
            if request::answered::<EnrollmentId>(tx, request)
                .await?
                .is_some()
            {
                return Ok(());
            }
            let standing = outcome_store::standings(tx, &[key]).await?.pop();
            let standing = standing.ok_or(Error::EnrollmentNotFound)?;
            let found = store::get(tx, campaign, id, now).await?;
            let found = found.ok_or(Error::EnrollmentNotFound)?;
            reach::demand(tx, call, &found.row, resubmit.verification, now).await?;
            check_enrollment(&standing)?;
            let coverages = coverage_store::coverages(tx, &[key]).await?;
            let Chosen { again, runs } = chosen(&coverages, &resubmit.coverages, call.caller.role)?;
            let detail = json!({ "coverages": again, "updated": runs });
            let follow_up = FollowUp {
                campaign: cached,
                individual: standing.individual_id,
                at: now,
            };
            let running = coverages.iter().filter(|it| runs.contains(&it.id));
            let update = Update {
                coverages: running.cloned().collect(),
                follow_up,
                trace: call.trace.as_deref(),
            };
            update_person::queue(tx, &context.ids, &update).await?;
            order_again(tx, (standing, coverages, again), call, now).await?;
            let act = Act::on("enrollment.resubmitted", "enrollment", id);
            let event = call.event(context, Some(campaign), act, detail);
            audit::record(tx, &[event]).await?;
            request::record(tx, request, &id, now).await?;
            Ok::<_, Error>(())
        })
    });
    let done: Result<(), Error> = done.await;
    done.map_err(replaced_meanwhile)?;
    store::get(read, campaign, id, now)
        .await?
        .ok_or(Error::EnrollmentNotFound)
}

/// Nothing is ordered for an enrollment that was not submitted, is canceled or over, or of somebody who has begun another one.
fn check_enrollment(standing: &Standing) -> Result<(), Error> {
    let state = standing.state;
    let closed = matches!(
        state,
        State::Started | State::CancelPending | State::Canceled | State::Ended
    );
    if closed || standing.is_replaced || standing.is_withdrawn {
        return Err(Error::EnrollmentState { state });
    }
    Ok(())
}

/// The person has begun another enrollment at the same moment.
fn replaced_meanwhile(error: Error) -> Error {
    match error {
        Error::Common(process::Error::Storage(error)) if error.is_unique(ONE_LIVE) => {
            let state = State::Refused;
            Error::EnrollmentState { state }
        }
        error => error,
    }
}

/// What is done with which coverages.
struct Chosen {
    /// Ordered again.
    again: Vec<CoverageId>,
    /// They run: their partners are told the person's data.
    runs: Vec<CoverageId>,
}

/// Gives the coverages that something is done with: all that are named, or else all that run and all that the caller may order.
fn chosen(coverages: &[Coverage], named: &[CoverageId], role: Role) -> Result<Chosen, Error> {
    let meant = |fits: &dyn Fn(&Coverage) -> bool| -> Vec<CoverageId> {
        let fitting = coverages.iter().filter(|it| fits(it)).map(|it| it.id);
        let named = fitting.filter(|id| named.is_empty() || named.contains(id));
        named.collect()
    };
    let chosen = Chosen {
        again: meant(&|it| can_be_ordered_again(it, role)),
        runs: meant(&|it| runs(it.state)),
    };
    let Chosen { again, runs } = &chosen;
    if let Some(coverage) = named
        .iter()
        .find(|id| !again.contains(id) && !runs.contains(id))
    {
        return Err(Error::CoverageState {
            coverage: Some(*coverage),
        });
    }
    if again.is_empty() && runs.is_empty() {
        return Err(Error::CoverageState { coverage: None });
    }
    Ok(chosen)
}

async fn order_again(
    tx: &Tx<'_>,
    (standing, coverages, again): (Standing, Vec<Coverage>, Vec<CoverageId>),
    call: &Call,
    now: Timestamp,
) -> Result<(), Error> {
    if again.is_empty() {
        return Ok(());
    }
    let ordered = |coverage: Coverage| {
        let state = ordered_again(coverage.state).filter(|_| again.contains(&coverage.id));
        match state {
            None => coverage,
            Some(state) => Coverage {
                state,
                outcome_class: None,
                native_code: None,
                order_attempt: coverage.order_attempt + 1,
                activated_at: None,
                term_ends_on: None,
                settled_at: None,
                ..coverage
            },
        }
    };
    let coverages: Vec<Coverage> = coverages.into_iter().map(ordered).collect();
    let all: Vec<&Coverage> = coverages.iter().collect();
    let to_state = standing_of(&all);
    let ordered: Vec<Coverage> = coverages
        .into_iter()
        .filter(|it| again.contains(&it.id))
        .collect();
    let rows = ordered.iter().map(|coverage| Resubmission {
        campaign_id: coverage.campaign_id,
        handoff_id: coverage.handoff_id,
        order_attempt: coverage.order_attempt,
        trace_context: call.trace.clone(),
        created_at: now,
    });
    let rows: Vec<Resubmission> = rows.collect();
    tx.execute_raw(Resubmission::insert(tx.backend(), &rows))
        .await?;
    let changes: Vec<CoverageChange> = ordered.into_iter().map(CoverageChange::from).collect();
    coverage_store::change(tx, &changes).await?;
    let moved = (to_state != standing.state).then_some(Change {
        campaign_id: standing.campaign_id,
        id: standing.id,
        from_state: standing.state,
        to_state,
        settled_at: None,
        at: now,
    });
    Ok(outcome_store::change(tx, moved.as_slice()).await?)
}
