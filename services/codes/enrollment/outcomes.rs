//! Applies outcomes to coverages and their enrollments: the way back from the partner.
//!
//! An outcome is taken out of its table and applied in one transaction, so it is applied once. One that contradicts the
//! coverage or comes too late is recorded in the audit log and changes nothing: a canceled enrollment stays canceled. One that
//! cannot be applied, because it or its enrollment cannot be read, is set aside for an operator, and the rest goes on.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::codes::campaign::campaign_cache::CachedCampaign;
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::codes::restoration::outcomes::Restorations;
use crate::db::audit::{self, Event as AuditEvent};
use crate::db::entities::ClosedSet;
use crate::db::entities::coverage::{self as coverage_entity, Model as Coverage};
use crate::db::entities::enrollment::State;
use crate::db::entities::handoff::{CancelReason, Kind};
use crate::db::entities::outcome::{Model as Outcome, OutcomeResult};
use crate::db::{self, Storage as _, Tx};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, CoverageId, HandoffId};
use crate::kernel::lifecycle;

use super::coverage;
use super::coverage_store::{self, CoverageChange, Key};
use super::coverage_term::{after, is_term_over, promised_day};
use super::order::FollowUp;
use super::outcome_store::{self as store, Change, Standing, Take};
use super::set_aside;
use super::store as enrollment_store;

/// Outcomes in one transaction.
const BATCH: u64 = 256;

/// Applies outcomes until the process drains.
pub async fn run(context: Context, token: CancellationToken) {
    lifecycle::work_off(&token, "outcomes", || step(&context)).await;
}

/// Applies what waits, at most one batch, and gives the number of outcomes taken.
pub async fn step(context: &Context) -> Result<usize, Error> {
    if !store::any(context.db.read()).await? {
        return Ok(0);
    }
    match take(context, Take::Oldest(BATCH)).await {
        Err(error) if cannot_be_applied(&error) => one_by_one(context).await,
        result => result,
    }
}

/// Takes each outcome of a batch by itself, because one of them cannot be applied, and sets that one aside.
async fn one_by_one(context: &Context) -> Result<usize, Error> {
    let waiting = store::waiting(context.db.read(), BATCH).await?;
    for key in &waiting {
        match take(context, Take::This(*key)).await {
            Err(error) if cannot_be_applied(&error) => {
                set_aside::set_aside(context, *key, &error.to_string()).await?;
            }
            result => drop(result?),
        }
    }
    Ok(waiting.len())
}

/// Tells whether an outcome is at fault, and not the moment.
fn cannot_be_applied(error: &Error) -> bool {
    match error {
        Error::CampaignNotFound => true,
        error => error.storage().is_some_and(db::Error::is_of_the_data),
    }
}

async fn take(context: &Context, which: Take) -> Result<usize, Error> {
    let now = context.now();
    context
        .db
        .run_tx("apply_outcomes", |tx| {
            Box::pin(async move {
                let outcomes = store::take(tx, which).await?;
                if outcomes.is_empty() {
                    return Ok(0);
                }
                let mut enrollments = Enrollments::lock(tx, &outcomes).await?;
                let elsewhere = enrollments.elsewhere(&outcomes);
                let mut restorations = Restorations::lock(tx, &elsewhere).await?;
                let extensions = enrollments.extensions(tx, &outcomes).await?;
                let mut events = Vec::with_capacity(outcomes.len());
                for outcome in &outcomes {
                    let campaign = context
                        .campaign_cache
                        .by_id(tx, outcome.campaign_id)
                        .await?;
                    let given = extensions.get(&outcome.handoff_id).copied();
                    let why = match enrollments.of(outcome) {
                        Some(entry) => entry.apply(&campaign, (outcome, given), now)?,
                        None => restorations.apply(outcome, now)?,
                    };
                    events.push(recorded(context, outcome, why, now));
                }
                enrollments.write(tx, context, now).await?;
                restorations.write(tx).await?;
                audit::record(tx, &events).await?;
                Ok::<_, Error>(outcomes.len())
            })
        })
        .await
}

/// Says for the audit log what became of an outcome: applied, or why it was not.
fn recorded(
    context: &Context,
    outcome: &Outcome,
    why: Option<&'static str>,
    now: Timestamp,
) -> AuditEvent {
    let class = outcome.outcome_class.map_or("", ClosedSet::as_str);
    let mut detail = json!({
        "outcome": outcome.id, "handoff": outcome.handoff_id, "coverage": outcome.coverage_id, "result": outcome.result,
        "class": class, "revision": outcome.revision, "attempt": outcome.order_attempt, "effective": outcome.effective_at,
        "applied": why.is_none(),
    });
    if let Some(why) = why {
        detail["why"] = json!(why);
    }
    AuditEvent {
        id: context.ids.next(),
        campaign_id: Some(outcome.campaign_id),
        at: now,
        actor: "service/enrollment-codes".to_owned(),
        action: if why.is_none() {
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
struct Enrollments(BTreeMap<Key, Entry>);

struct Entry {
    from: Standing,
    coverages: Vec<Coverage>,
    changed: BTreeSet<CoverageId>,
    /// Coverages whose partners are left and shall cancel them.
    left: Vec<Coverage>,
    /// Coverages whose partners shall give them the longer term that was promised.
    longer: Vec<Coverage>,
}

impl Enrollments {
    async fn lock(tx: &Tx<'_>, outcomes: &[Outcome]) -> Result<Self, Error> {
        let keys = outcomes.iter().map(|outcome| Key {
            campaign_id: outcome.campaign_id,
            id: outcome.enrollment_id,
        });
        let keys: Vec<Key> = keys.collect::<BTreeSet<_>>().into_iter().collect();
        let standings = store::standings(tx, &keys).await?;
        let mut coverages = coverage_store::coverages(tx, &keys).await?;
        let entries = standings.into_iter().map(|standing| {
            let key = Key {
                campaign_id: standing.campaign_id,
                id: standing.id,
            };
            let own = coverages.extract_if(.., |coverage| {
                coverage.campaign_id == key.campaign_id && coverage.enrollment_id == key.id
            });
            let entry = Entry {
                from: standing,
                coverages: own.collect(),
                changed: BTreeSet::new(),
                left: Vec::new(),
                longer: Vec::new(),
            };
            (key, entry)
        });
        Ok(Self(entries.collect()))
    }

    /// Gives the enrollment that an outcome is about.
    fn of(&mut self, outcome: &Outcome) -> Option<&mut Entry> {
        self.0.get_mut(&Key {
            campaign_id: outcome.campaign_id,
            id: outcome.enrollment_id,
        })
    }

    /// Gives the terms, in months, of those handoffs that gave a longer one.
    async fn extensions(
        &self,
        tx: &Tx<'_>,
        outcomes: &[Outcome],
    ) -> Result<HashMap<HandoffId, i32>, Error> {
        let orders = self.0.values().flat_map(|entry| &entry.coverages);
        let orders: BTreeSet<HandoffId> = orders.map(|it| it.handoff_id).collect();
        let others = outcomes
            .iter()
            .filter(|it| it.result == OutcomeResult::Active && !orders.contains(&it.handoff_id));
        let others: Vec<(CampaignId, HandoffId)> =
            others.map(|it| (it.campaign_id, it.handoff_id)).collect();
        Ok(store::extensions(tx, &others).await?)
    }

    /// Gives what outcomes are about that is no enrollment.
    fn elsewhere(&mut self, outcomes: &[Outcome]) -> BTreeSet<(CampaignId, Uuid)> {
        let elsewhere = outcomes.iter().filter(|it| self.of(it).is_none());
        let keys = elsewhere.map(|it| (it.campaign_id, it.enrollment_id.as_uuid()));
        keys.collect()
    }

    async fn write(self, tx: &Tx<'_>, context: &Context, now: Timestamp) -> Result<(), Error> {
        let mut coverages = Vec::new();
        let mut changes = Vec::new();
        let (mut canceled, mut extended) = (Vec::new(), Vec::new());
        for entry in self.0.into_values() {
            changes.extend(entry.change(now));
            let campaign = context.campaign_cache.by_id(tx, entry.from.campaign_id);
            let campaign = campaign.await?;
            let follow_up = FollowUp {
                campaign: &campaign,
                individual: entry.from.individual_id,
                at: now,
            };
            for left in &entry.left {
                canceled.push(follow_up.cancel(left, CancelReason::Moved, context.ids.next()));
            }
            for longer in &entry.longer {
                extended.push(follow_up.extend(longer, context.ids.next()));
            }
            let Entry { changed, .. } = &entry;
            let own = entry.coverages.iter().filter(|it| changed.contains(&it.id));
            coverages.extend(own.cloned().map(CoverageChange::from));
        }
        coverage_store::change(tx, &coverages).await?;
        enrollment_store::queue(tx, Kind::Cancel, &canceled).await?;
        enrollment_store::queue(tx, Kind::Extend, &extended).await?;
        Ok(store::change(tx, &changes).await?)
    }
}

impl Entry {
    /// Applies an outcome to its coverage, or says why it does not fit.
    fn apply(
        &mut self,
        campaign: &CachedCampaign,
        (outcome, given): (&Outcome, Option<i32>),
        now: Timestamp,
    ) -> Result<Option<&'static str>, Error> {
        let decision = outcome.decision()?;
        let place = self
            .coverages
            .iter()
            .position(|it| it.id == outcome.coverage_id);
        let Some(place) = place else {
            return Ok(Some("NO_COVERAGE"));
        };
        let before = self.coverages[place].clone();
        if let Some(months) = given {
            return self.confirm_extension(place, outcome, months);
        }
        if is_term_over(campaign, &before) {
            return Ok(Some("TERM_OVER"));
        }
        // Only while it waits for the newer order: that one may not have been needed any more.
        let waits = before.state == coverage_entity::State::Submitted;
        if waits && coverage::is_outdated(before.order_attempt, outcome.order_attempt, decision) {
            return Ok(Some("EARLIER_ORDER"));
        }
        let is_correction = outcome.revision > before.revision;
        let Some(state) = coverage::decided(before.state, decision, is_correction) else {
            return Ok(Some(before.state.as_str()));
        };
        self.coverages[place] = after(campaign, before.clone(), outcome, (state, now))?;
        // The person may have begun anew after a refusal, and one enrollment is alive at a time.
        if self.from.is_replaced && State::LIVE.contains(&self.state()) {
            self.coverages[place] = before;
            return Ok(Some("REPLACED"));
        }
        self.changed.insert(outcome.coverage_id);
        if state == coverage_entity::State::Active {
            self.leave_partner(place, now);
            self.ask_for_longer(place);
        }
        Ok(None)
    }

    /// Notes that the partner gave a coverage a longer term, of so many months. The last day is ours already, unless the partner says
    /// another one.
    fn confirm_extension(
        &mut self,
        place: usize,
        outcome: &Outcome,
        months: i32,
    ) -> Result<Option<&'static str>, Error> {
        let coverage = &mut self.coverages[place];
        if !coverage::runs(coverage.state) {
            return Ok(Some(coverage.state.as_str()));
        }
        // More may have been promised since.
        coverage.asked_term_months = Some(months).filter(|it| *it < coverage.term_months);
        if let Some(day) = &outcome.term_ends_on {
            coverage.term_ends_on = Some(promised_day(coverage, day)?);
        }
        self.changed.insert(outcome.coverage_id);
        Ok(None)
    }

    /// Asks the partner for a term that was promised after the order, now that the coverage runs.
    fn ask_for_longer(&mut self, place: usize) {
        let coverage = &self.coverages[place];
        if coverage.asked_term_months.is_some() {
            self.longer.push(coverage.clone());
        }
    }

    /// Ends the coverage whose place another one has taken, which runs now.
    fn leave_partner(&mut self, place: usize, now: Timestamp) {
        let left = self.coverages[place].replaces_coverage_id;
        let mut coverages = self.coverages.iter_mut();
        let left = coverages.find(|it| Some(it.id) == left && !coverage::is_over(it.state));
        // Where the person withdraws, its partner was asked to cancel it already.
        let Some(left) = left.filter(|it| it.state != coverage_entity::State::CancelPending) else {
            return;
        };
        left.state = coverage_entity::State::Canceled;
        left.outcome_class = None;
        left.native_code = None;
        left.suspended_at = None;
        left.settled_at = Some(now);
        self.changed.insert(left.id);
        self.left.push(left.clone());
    }

    fn state(&self) -> State {
        let coverages: Vec<&Coverage> = self.coverages.iter().collect();
        coverage::standing(&coverages)
    }

    fn change(&self, now: Timestamp) -> Option<Change> {
        let state = self.state();
        let moves = !self.changed.is_empty() && state != self.from.state;
        moves.then(|| Change {
            campaign_id: self.from.campaign_id,
            id: self.from.id,
            from_state: self.from.state,
            to_state: state,
            settled_at: (!State::LIVE.contains(&state)).then_some(now),
            at: now,
        })
    }
}
