//! Applies what a partner reports about its handoffs, in one transaction: state, outcome, attempt, audit.

use std::collections::HashMap;
use std::time::Duration;

use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::db::Tx;
use crate::db::audit::{self, Event};
use crate::db::entities::ClosedSet as _;
use crate::db::entities::handoff::{self, CancelReason, DeadReason, Kind};
use crate::db::entities::handoff_attempt::AttemptResult;
use crate::db::entities::outcome::{Decision, Model as Outcome};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::metrics;
use crate::handoff::partner::audit::about_partner;
use crate::handoff::queue::attempts::{self, Attempt};
use crate::handoff::queue::audit::about_handoff;
use crate::handoff::queue::end::given_up;
use crate::handoff::queue::handoff::Handoff;
use crate::handoff::queue::retry_policy::PartnerStatus;
use crate::handoff::queue::state::{Applied, Fact, State};
use crate::handoff::queue::store::{self, Change};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{HandoffId, PartnerId};

/// What a partner reports about one handoff.
#[derive(Clone, Debug)]
pub struct StatusReport {
    /// The handoff.
    pub handoff: HandoffId,
    /// How it stands.
    pub status: PartnerStatus,
}

/// What became of one report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
pub enum Verdict {
    /// Recorded now.
    #[strum(serialize = "R")]
    Recorded,
    /// Was known.
    #[strum(serialize = "U")]
    Unchanged,
    /// No such handoff of this partner.
    #[strum(serialize = "N")]
    Unknown,
    /// Contradicts what was known; nothing changed.
    #[strum(serialize = "C")]
    Contradicts,
    /// Cannot be read, or cannot be.
    #[strum(serialize = "M")]
    Malformed,
}

/// Who reports.
#[derive(Clone, Copy, Debug)]
pub struct Reporter<'a> {
    /// The partner, authenticated.
    pub partner: PartnerId,
    /// The name for the audit log.
    pub actor: &'a str,
}

/// Gives since when a status holds: not later than now, however far the partner's clock is ahead. Whoever is enrolled already may have been
/// so for years; but what is ordered begins no earlier than the order, so that nobody is given a shorter term.
fn effective(status: &PartnerStatus, handoff: &Handoff, now: Timestamp) -> Timestamp {
    let at = status.effective_at.min(now);
    match status.fact {
        Fact::ActionRequired(_) | Fact::Refused(_) => at,
        _ => at.max(handoff.created_at.min(now)),
    }
}

/// Gives when the partner observed what it reports, by its own account but not later than now.
fn observed(status: &PartnerStatus, now: Timestamp) -> Timestamp {
    status.observed_at.unwrap_or(status.effective_at).min(now)
}

/// Tells whether a status is older than what the partner reported before. Its revisions tell, and without them its times. Where it does not
/// say when it observed something, since when that holds is a hint for what somebody must act upon, and for everything after a cancellation.
fn is_older(status: &PartnerStatus, known: &Handoff, now: Timestamp) -> bool {
    if status.revision > 0 && status.revision != known.revision {
        return status.revision < known.revision;
    }
    let is_hint = status.observed_at.is_some()
        || known.state == State::Canceled
        || matches!(
            status.fact,
            Fact::ActionRequired(_) | Fact::Refused(_) | Fact::Suspended
        );
    let is_decided = known.state.decision().is_some();
    is_decided
        && is_hint
        && known
            .reported_at
            .is_some_and(|at| observed(status, now) < at)
}

/// Applies reports in their order, and gives a verdict for each.
///
/// A fact holds whatever the lease says. An outcome implies the acknowledgement.
pub async fn apply_status(
    tx: &Tx<'_>,
    context: &Context,
    reporter: Reporter<'_>,
    reports: &[StatusReport],
) -> Result<Vec<Verdict>, Error> {
    let locked = lock(tx, reporter.partner, reports).await?;
    let mut batch = Batch::new(context, reporter, locked);
    let mut verdicts = Vec::with_capacity(reports.len());
    for report in reports {
        let (verdict, canceled) = batch.apply(report);
        if canceled {
            batch.cancel_twin(tx, report.handoff).await?;
        }
        verdicts.push(verdict);
    }
    batch.write(tx).await?;
    Ok(verdicts)
}

/// Locks the handoffs that are reported, and the other one of a coverage that ends, all in one order: so two calls about the same people
/// cannot wait for each other.
async fn lock(
    tx: &Tx<'_>,
    partner: PartnerId,
    reports: &[StatusReport],
) -> Result<Vec<Handoff>, Error> {
    let mut ids: Vec<HandoffId> = reports.iter().map(|report| report.handoff).collect();
    let ends = |report: &&StatusReport| matches!(report.status.fact, Fact::Canceled | Fact::Ended);
    let ended = reports.iter().filter(ends).map(|report| report.handoff);
    let ended: Vec<HandoffId> = ended.collect();
    ids.extend(store::twins(tx, partner, &ended).await?);
    store::lock_of_partner(tx, partner, &ids).await
}

/// The locked handoffs of one call, and what is written about them at its end.
struct Batch<'a> {
    context: &'a Context,
    reporter: Reporter<'a>,
    now: Timestamp,
    rows: HashMap<HandoffId, Row>,
    outcomes: Vec<Outcome>,
    events: Vec<Event>,
    accepted: usize,
}

struct Row {
    from: handoff::State,
    changed: bool,
    attempt: Option<Attempt>,
    handoff: Handoff,
}

impl From<Handoff> for Row {
    fn from(handoff: Handoff) -> Self {
        Self {
            from: handoff.state.name(),
            changed: false,
            attempt: None,
            handoff,
        }
    }
}

impl<'a> Batch<'a> {
    fn new(context: &'a Context, reporter: Reporter<'a>, locked: Vec<Handoff>) -> Self {
        let rows = locked
            .into_iter()
            .map(|handoff| (handoff.id, handoff.into()));
        Self {
            context,
            reporter,
            now: context.clock.now(),
            rows: rows.collect(),
            outcomes: Vec::new(),
            events: Vec::new(),
            accepted: 0,
        }
    }

    /// Applies one report; tells too whether an enrollment was canceled by it.
    fn apply(&mut self, report: &StatusReport) -> (Verdict, bool) {
        let now = self.now;
        let Some(row) = self.rows.get_mut(&report.handoff) else {
            return (Verdict::Unknown, false);
        };
        let status = &report.status;
        // A cancellation has one attempt; its answer may bear that of the order.
        let is_of_no_order =
            row.handoff.kind.is_about_a_person() && status.attempt > row.handoff.order_attempt;
        if is_of_no_order {
            return (Verdict::Malformed, false);
        }
        // It answers an order that another one has replaced.
        if status.is_outdated(&row.handoff) {
            return (Verdict::Unchanged, false);
        }
        let known = row.handoff.state;
        let is_correction = status.revision > row.handoff.revision;
        let applied = match (row.handoff.kind, status.fact) {
            _ if contradicts_reference(&row.handoff, status) => Applied::Contradiction,
            // Older than what is known. As the answer to an order that is under way it says nothing of that order.
            _ if is_older(status, &row.handoff, now) => match known {
                State::Leased => Applied::Contradiction,
                _ => Applied::Known,
            },
            // What becomes of an enrollment is reported under its own id.
            (Kind::Extend | Kind::UpdatePerson, Fact::Suspended | Fact::Ended) => {
                Applied::Contradiction
            }
            (Kind::Enroll | Kind::Extend | Kind::Restore | Kind::UpdatePerson, fact)
            | (Kind::Cancel, fact @ (Fact::Accepted | Fact::Canceled)) => {
                known.apply(fact, is_correction)
            }
            // What has ended need not be canceled any more.
            (Kind::Cancel, Fact::Ended) => known.apply(Fact::Canceled, is_correction),
            // It took the cancellation and reports that the coverage goes on.
            (Kind::Cancel, _) => match known {
                State::Accepted => Applied::Moved(State::Dead(DeadReason::NotCanceled)),
                State::Dead(DeadReason::NotCanceled) => Applied::Known,
                _ => Applied::Contradiction,
            },
        };
        match applied {
            Applied::Contradiction => {
                let said: &str = status.fact.into();
                let detail = json!({ "known": known.name(), "said": said });
                let actor = self.reporter.actor;
                let event = about_handoff(
                    self.context,
                    actor,
                    "handoff.contradicted",
                    &row.handoff,
                    detail,
                );
                self.events.push(event);
                metrics::contradicted(actor);
                (Verdict::Contradicts, false)
            }
            Applied::Known => (note_reference(row, status), false),
            Applied::Moved(state) => {
                note_reference(row, status);
                row.handoff.revision = status.revision.max(row.handoff.revision);
                row.handoff.reported_at = Some(observed(status, now));
                row.handoff.native_code.clone_from(&status.native_code);
                self.move_to(report.handoff, state, status);
                (Verdict::Recorded, state == State::Canceled)
            }
        }
    }

    fn move_to(&mut self, id: HandoffId, state: State, status: &PartnerStatus) {
        let now = self.now;
        let Some(row) = self.rows.get_mut(&id) else {
            return;
        };
        // The attempt that the lease stood for ends with the fact.
        if row.handoff.state == State::Leased {
            let detail = state.name().as_str();
            let attempt = Attempt::of(&row.handoff, now, AttemptResult::Answered, detail);
            row.attempt = Some(attempt);
        }
        let handoff = &mut row.handoff;
        handoff.state = state;
        row.changed = true;
        if let State::Dead(reason) = state {
            handoff.not_before = now;
            let by = (self.context, self.reporter.actor);
            self.events.push(given_up(by, handoff, reason));
            return;
        }
        // What ended here before it was sent was never acknowledged.
        let ends_here = matches!(state, State::Canceled | State::ActionRequired(_));
        if !ends_here || handoff.sent_at.is_some() {
            handoff.acknowledged_at.get_or_insert(now);
        }
        let Some(decision) = state.decision() else {
            handoff.not_before = now + self.context.rules.follow_up_after;
            self.accepted += 1;
            return;
        };
        handoff.settled_at = Some(now);
        metrics::settled(handoff.kind, state.name(), now.since(handoff.created_at));
        let (result, outcome_class) = decision.columns();
        let (actor, detail) = (self.reporter.actor, json!({ "class": outcome_class }));
        let event = about_handoff(self.context, actor, action(decision), handoff, detail);
        self.events.push(event);
        if !concerns_the_coverage(handoff, decision) {
            return;
        }
        self.outcomes.push(Outcome {
            campaign_id: handoff.campaign_id,
            id: self.context.ids.next(),
            enrollment_id: handoff.enrollment_id,
            coverage_id: handoff.coverage_id,
            handoff_id: handoff.id,
            result,
            outcome_class,
            native_code: handoff.native_code.clone(),
            revision: handoff.revision,
            order_attempt: handoff.order_attempt,
            effective_at: effective(status, handoff, now),
            term_ends_on: status.term_ends_on.map(|day| day.to_string()),
            // What is reported at once is applied in the order in which it is reported.
            created_at: now + Duration::from_micros(self.outcomes.len() as u64),
        });
    }

    /// Ends the other handoff of a canceled enrollment, without a second outcome for the enrollment.
    async fn cancel_twin(&mut self, tx: &Tx<'_>, id: HandoffId) -> Result<(), Error> {
        let Some(row) = self.rows.get(&id) else {
            return Ok(());
        };
        let fact = match row.handoff.cancel_reason {
            Some(CancelReason::TermOver) => Fact::Ended,
            _ => Fact::Canceled,
        };
        let Some(twin) = store::lock_twin(tx, &row.handoff).await? else {
            return Ok(());
        };
        let twin_id = twin.id;
        let row = self.rows.entry(twin_id).or_insert_with(|| twin.into());
        let now = self.now;
        if let Applied::Moved(state) = row.handoff.state.apply(fact, false) {
            let outcomes = self.outcomes.len();
            // What the partner reports of the time before is late, and contradicts nothing.
            row.handoff.reported_at = Some(now);
            let status = PartnerStatus::of(fact, now);
            self.move_to(twin_id, state, &status);
            self.outcomes.truncate(outcomes);
        }
        Ok(())
    }

    async fn write(mut self, tx: &Tx<'_>) -> Result<(), Error> {
        let moved = || self.rows.values().filter(|row| row.changed);
        let changes: Vec<Change> = moved()
            .map(|row| Change::of(row.from, &row.handoff))
            .collect();
        let ended: Vec<Attempt> = moved().filter_map(|row| row.attempt.clone()).collect();
        if self.accepted > 0 {
            let Reporter { partner, actor } = self.reporter;
            let detail = json!({ "count": self.accepted });
            let event = about_partner(self.context, actor, "handoffs.accepted", partner, detail);
            self.events.push(event);
        }
        store::write(tx, &changes, self.now).await?;
        attempts::add(tx, &ended).await?;
        if !self.outcomes.is_empty() {
            let insert = Outcome::insert(tx.backend(), &self.outcomes);
            tx.execute_raw(insert).await?;
        }
        audit::record(tx, &self.events).await?;
        Ok(())
    }
}

/// Tells whether the coverage changes with a handoff. That its term is over it knows; an extension that is not given leaves it as it is, and so do the
/// person's data, taken or not.
fn concerns_the_coverage(handoff: &Handoff, decision: Decision) -> bool {
    match handoff.kind {
        Kind::Enroll | Kind::Restore => true,
        Kind::Cancel => handoff.cancel_reason != Some(CancelReason::TermOver),
        Kind::Extend => decision == Decision::Active,
        Kind::UpdatePerson => false,
    }
}

fn contradicts_reference(handoff: &Handoff, status: &PartnerStatus) -> bool {
    match (&handoff.partner_reference, &status.reference) {
        (Some(known), Some(reported)) => known != reported,
        _ => false,
    }
}

/// Keeps the partner's reference if it is the first one.
fn note_reference(row: &mut Row, status: &PartnerStatus) -> Verdict {
    if row.handoff.partner_reference.is_some() || status.reference.is_none() {
        return Verdict::Unchanged;
    }
    row.handoff.partner_reference.clone_from(&status.reference);
    row.changed = true;
    Verdict::Recorded
}

const fn action(decision: Decision) -> &'static str {
    match decision {
        Decision::Active => "handoff.active",
        Decision::ActionRequired(_) => "handoff.action_required",
        Decision::Refused(_) => "handoff.refused",
        Decision::Suspended => "handoff.suspended",
        Decision::Ended => "handoff.ended",
        Decision::Canceled => "handoff.canceled",
    }
}
