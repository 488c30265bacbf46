//! Takes in what a partner says about its handoffs, in one transaction: state, outcome, attempt, audit.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::json;

use crate::db::Tx;
use crate::db::audit::{self, Event};
use crate::handoff::audit::{about_handoff, about_partner};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::queue::attempts::{self, Attempt, Outcome};
use crate::handoff::queue::model::Handoff;
use crate::handoff::queue::retry_policy::Report;
use crate::handoff::queue::state::{Fact, Learned, State};
use crate::handoff::queue::store::Change;
use crate::handoff::vocabulary::{AttemptResult, Kind, OutcomeClass, Stage};
use crate::handoff::{metrics, queue};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{HandoffId, PartnerId};

use super::kept::Kept;

/// What a partner says about one handoff.
#[derive(Clone, Debug)]
pub struct Said {
    /// The handoff.
    pub handoff: HandoffId,
    /// What it says.
    pub report: Report,
}

/// What became of one thing said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Recorded now.
    Recorded,
    /// Was known.
    Unchanged,
    /// No such handoff of this partner.
    Unknown,
    /// Contradicts what was known; nothing changed.
    Contradicts,
    /// Cannot be read, or cannot be.
    Malformed,
}

/// Kept for a repeated call.
impl Kept for Verdict {
    const ALL: &'static [Self] = &[
        Self::Recorded,
        Self::Unchanged,
        Self::Unknown,
        Self::Contradicts,
        Self::Malformed,
    ];

    fn letter(self) -> char {
        match self {
            Self::Recorded => 'R',
            Self::Unchanged => 'U',
            Self::Unknown => 'N',
            Self::Contradicts => 'C',
            Self::Malformed => 'M',
        }
    }
}

/// Who says it.
#[derive(Clone, Copy, Debug)]
pub struct Speaker<'a> {
    /// The partner, authenticated.
    pub partner: PartnerId,
    /// The name for the audit log.
    pub actor: &'a str,
}

/// How far a partner's clock may be off.
const CLOCK_SLACK: Duration = Duration::from_hours(24);

/// Tells whether a time given by a partner can be: not before the handoff existed and not in the future.
pub fn is_plausible(report: &Report, handoff: &Handoff, now: Timestamp) -> bool {
    handoff.created_at - CLOCK_SLACK <= report.effective_at
        && report.effective_at <= now + CLOCK_SLACK
}

/// Takes in facts, in their order; gives a verdict for each.
///
/// A fact holds whatever the lease says. An outcome implies the acknowledgement.
pub async fn learn(
    tx: &Tx<'_>,
    context: &Context,
    speaker: Speaker<'_>,
    said: &[Said],
) -> Result<Vec<Verdict>, Error> {
    let ids: Vec<HandoffId> = said.iter().map(|said| said.handoff).collect();
    let locked = queue::store::lock_of_partner(tx, speaker.partner, &ids).await?;
    let mut lesson = Lesson::new(context, speaker, locked);
    let mut verdicts = Vec::with_capacity(said.len());
    for said in said {
        let (verdict, withdrawn) = lesson.take(said);
        if withdrawn {
            lesson.withdraw_twin(tx, said.handoff).await?;
        }
        verdicts.push(verdict);
    }
    lesson.write(tx).await?;
    Ok(verdicts)
}

/// What is gathered before it is written at once.
struct Lesson<'a> {
    context: &'a Context,
    speaker: Speaker<'a>,
    now: Timestamp,
    rows: HashMap<HandoffId, Row>,
    outcomes: Vec<Outcome>,
    events: Vec<Event>,
    taken: usize,
}

struct Row {
    from: Stage,
    changed: bool,
    attempt: Option<Attempt>,
    handoff: Handoff,
}

impl Row {
    fn new(handoff: Handoff) -> Self {
        Self {
            from: handoff.state.stage(),
            changed: false,
            attempt: None,
            handoff,
        }
    }
}

impl<'a> Lesson<'a> {
    fn new(context: &'a Context, speaker: Speaker<'a>, locked: Vec<Handoff>) -> Self {
        let rows = locked
            .into_iter()
            .map(|handoff| (handoff.id, Row::new(handoff)));
        Self {
            context,
            speaker,
            now: context.clock.now(),
            rows: rows.collect(),
            outcomes: Vec::new(),
            events: Vec::new(),
            taken: 0,
        }
    }

    /// Takes in one fact; tells too whether an enrollment was withdrawn by it.
    fn take(&mut self, said: &Said) -> (Verdict, bool) {
        let now = self.now;
        let Some(row) = self.rows.get_mut(&said.handoff) else {
            return (Verdict::Unknown, false);
        };
        let report = &said.report;
        if !is_plausible(report, &row.handoff, now) {
            return (Verdict::Malformed, false);
        }
        let known = row.handoff.state;
        let learned = match (row.handoff.kind, report.fact) {
            _ if contradicts_reference(&row.handoff, report) => Learned::Contradiction,
            (Kind::Enroll, fact) | (Kind::Cancel, fact @ (Fact::Taken | Fact::Withdrawn)) => {
                known.learn(fact, now)
            }
            // Whoever is asked to withdraw can only say that it will or that it did.
            (Kind::Cancel, _) => Learned::Contradiction,
        };
        match learned {
            Learned::Contradiction => {
                let detail = json!({"known": known.stage().as_str(), "said": word(report.fact)});
                let event = about_handoff(
                    self.context,
                    now,
                    self.speaker.actor,
                    "handoff.contradicted",
                    &row.handoff,
                    detail,
                );
                self.events.push(event);
                metrics::contradicted(self.speaker.actor);
                (Verdict::Contradicts, false)
            }
            Learned::Nothing => (note_reference(row, report), false),
            Learned::Moved(state) => {
                note_reference(row, report);
                self.move_to(said.handoff, state, report.effective_at);
                (Verdict::Recorded, state == State::Canceled)
            }
        }
    }

    fn move_to(&mut self, id: HandoffId, state: State, effective_at: Timestamp) {
        let now = self.now;
        let Some(row) = self.rows.get_mut(&id) else {
            return;
        };
        end_attempt(row, state, now);
        let handoff = &mut row.handoff;
        handoff.state = state;
        row.changed = true;
        // What was withdrawn before it was sent was never acknowledged.
        if state != State::Canceled || handoff.sent_at.is_some() {
            handoff.acknowledged_at.get_or_insert(now);
        }
        if matches!(state, State::Accepted { .. }) {
            handoff.not_before = now + self.context.rules.follow_up_after;
            self.taken += 1;
            return;
        }
        handoff.settled_at = Some(now);
        let outcome = outcome_of(self.context, handoff, effective_at);
        let event = settled(self.context, now, self.speaker.actor, handoff);
        self.events.push(event);
        self.outcomes.push(outcome);
    }

    /// Ends the other handoff of a withdrawn enrollment, without telling the enrollment a second time.
    async fn withdraw_twin(&mut self, tx: &Tx<'_>, id: HandoffId) -> Result<(), Error> {
        let Some(of) = self.rows.get(&id).map(|row| row.handoff.clone()) else {
            return Ok(());
        };
        let Some(twin) = queue::store::lock_twin(tx, &of).await? else {
            return Ok(());
        };
        let twin_id = twin.id;
        let row = self.rows.entry(twin_id).or_insert_with(|| Row::new(twin));
        if let Learned::Moved(state) = row.handoff.state.learn(Fact::Withdrawn, self.now) {
            let told = self.outcomes.len();
            self.move_to(twin_id, state, self.now);
            self.outcomes.truncate(told);
        }
        Ok(())
    }

    async fn write(mut self, tx: &Tx<'_>) -> Result<(), Error> {
        let moved = || self.rows.values().filter(|row| row.changed);
        let changes: Vec<Change> = moved()
            .map(|row| Change::of(row.from, &row.handoff))
            .collect();
        let ended: Vec<Attempt> = moved().filter_map(|row| row.attempt.clone()).collect();
        if self.taken > 0 {
            self.events.push(about_partner(
                self.context,
                self.now,
                self.speaker.actor,
                "handoffs.accepted",
                self.speaker.partner,
                json!({"count": self.taken}),
            ));
        }
        queue::store::write(tx, &changes).await?;
        attempts::add(tx, &ended).await?;
        attempts::add_outcomes(tx, &self.outcomes, self.now).await?;
        audit::record(tx, &self.events).await?;
        Ok(())
    }
}

fn contradicts_reference(handoff: &Handoff, report: &Report) -> bool {
    match (&handoff.partner_reference, &report.reference) {
        (Some(known), Some(said)) => known != said,
        _ => false,
    }
}

/// Keeps the partner's reference if it is the first one.
fn note_reference(row: &mut Row, report: &Report) -> Verdict {
    if row.handoff.partner_reference.is_some() || report.reference.is_none() {
        return Verdict::Unchanged;
    }
    row.handoff.partner_reference.clone_from(&report.reference);
    row.changed = true;
    Verdict::Recorded
}

/// The attempt that a lease stood for ends with the fact.
fn end_attempt(row: &mut Row, state: State, now: Timestamp) {
    if row.handoff.state.stage() != Stage::Leased {
        return;
    }
    row.attempt = Some(Attempt {
        campaign_id: row.handoff.campaign_id,
        handoff_id: row.handoff.id,
        attempt: row.handoff.attempts,
        started_at: row.handoff.sent_at.unwrap_or(now),
        ended_at: now,
        result: AttemptResult::Answered,
        detail: state.stage().as_str(),
    });
}

fn outcome_of(context: &Context, handoff: &Handoff, effective_at: Timestamp) -> Outcome {
    Outcome {
        id: context.ids.next(),
        campaign_id: handoff.campaign_id,
        enrollment_id: handoff.enrollment_id,
        handoff_id: handoff.id,
        result: handoff.state.stage(),
        class: handoff.state.class(),
        effective_at,
    }
}

fn settled(context: &Context, now: Timestamp, actor: &str, handoff: &Handoff) -> Event {
    let stage = handoff.state.stage();
    metrics::settled(handoff.kind, stage, now.since(handoff.created_at));
    let action = match stage {
        Stage::Active => "handoff.active",
        Stage::ActionRequired => "handoff.action_required",
        Stage::Refused => "handoff.refused",
        _ => "handoff.canceled",
    };
    let class = handoff.state.class().map(OutcomeClass::as_str);
    about_handoff(
        context,
        now,
        actor,
        action,
        handoff,
        json!({"class": class}),
    )
}

fn word(fact: Fact) -> &'static str {
    match fact {
        Fact::Taken => "ACCEPTED",
        Fact::Active => "ACTIVE",
        Fact::ActionRequired(_) => "ACTION_REQUIRED",
        Fact::Refused(_) => "REFUSED",
        Fact::Withdrawn => "WITHDRAWN",
    }
}
