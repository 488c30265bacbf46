//! What the demonstration found.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde::Serialize;

use super::environment::Environment;
use super::outcomes::is_settled;
use crate::client::convert::outcome_class;
use crate::client::problem::{Outcome, Problem};
use crate::lab::books::{Entry, Found};
use crate::lab::callers::run::RunResult;
use crate::lab::processes::usage;
use crate::wire::redress::bureau::v1::EnrollmentProgress;
use crate::wire::redress::enrollment::v1 as wire;

/// What the demonstration found; its fields are the JSON that the program prints.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// `SQLite` or `PostgreSQL`; none where the services ran before.
    pub database: Option<&'static str>,
    /// Rows of the roster file.
    pub rows: i64,
    /// Rows that were not taken.
    pub rejected: i64,
    /// People on the roster.
    pub individuals: i64,
    /// Codes, of every generation.
    pub codes_issued: i64,
    /// People for whom a letter was made.
    pub letters: i64,
    /// Enrollments begun.
    pub begun: i64,
    /// People verified.
    pub verified: i64,
    /// Verifications refused.
    pub refused: i64,
    /// Verifications that wait for a person.
    pub referred: i64,
    /// Enrollments completed by the person.
    pub submitted: i64,
    /// Offered to a partner.
    pub handed_off: i64,
    /// Taken by the partner.
    pub acknowledged: i64,
    /// Monitoring runs.
    pub active: i64,
    /// Somebody must act first.
    pub action_required: i64,
    /// Refused by the partner.
    pub enrollment_refused: i64,
    /// Given up on.
    pub dead: i64,
    /// Honest callers.
    pub callers: usize,
    /// Callers who were told: you are enrolled.
    pub promised: usize,
    /// Consents that were given in Spanish.
    pub in_spanish: usize,
    /// Enrollments of which some coverages run and others do not.
    pub active_in_part: usize,
    /// Honest callers who were refused, by reason.
    pub turned_away: BTreeMap<String, usize>,
    /// Why enrollments are not active.
    pub outcomes: BTreeMap<String, i64>,
    /// Impostors who tried.
    pub impostors_tried: usize,
    /// Impostors who were referred to an operator.
    pub impostors_referred: usize,
    /// Impostors who stand in the bureau's books.
    pub impostors_enrolled: usize,
    /// Promised, and in no book.
    pub lost: usize,
    /// In the books more often than promised.
    pub doubled: usize,
    /// In the bureau's books, and neither promised nor a victim.
    pub unexplained: usize,
    /// Promised, and not settled with a reason.
    pub unsettled: usize,
    /// Enrollments whose outcome differs from the bureau's books.
    pub disagreements: usize,
    /// Rules that callers saw broken.
    pub surprises: BTreeMap<&'static str, usize>,
    /// How long it took.
    pub seconds: f64,
    /// The most memory that each process held.
    pub peak_memory_mib: BTreeMap<String, f64>,
    /// What the services counted.
    #[serde(skip)]
    pub funnel: wire::Funnel,
    /// The campaign.
    #[serde(skip)]
    pub engagement_number: String,
}

impl Summary {
    /// Gathers what was counted by the services, seen by the callers and found in the books.
    pub fn new(
        environment: &Environment,
        report: wire::GetCampaignReportResponse,
        result: RunResult,
        found: Found,
        enrollments: &HashMap<String, wire::Enrollment>,
        booked: &[Entry],
        took: Duration,
    ) -> Self {
        let funnel = report.funnel.unwrap_or_default();
        let settled = |id: &String| enrollments.get(id).is_some_and(is_settled);
        let mut peak_memory_mib: BTreeMap<String, f64> = environment
            .endpoints
            .pids
            .iter()
            .filter_map(|(name, pid)| Some((name.clone(), usage::peak_memory_mib(*pid)?)))
            .collect();
        if let Some(own) = usage::peak_memory_mib(std::process::id()) {
            peak_memory_mib.insert("redress demo".to_owned(), own);
        }
        let submitted = || enrollments.values().filter(|it| it.submit_time.is_some());
        let mut surprises = result.surprises;
        if result.impostors_believing > 0 {
            surprises.insert(
                "an impostor was told that they are enrolled",
                result.impostors_believing,
            );
        }
        Self {
            database: environment.database,
            rows: funnel.rows,
            rejected: funnel.rejected,
            individuals: funnel.individuals,
            codes_issued: funnel.codes_issued,
            letters: funnel.letters,
            begun: funnel.begun,
            verified: funnel.verified,
            refused: funnel.refused,
            referred: funnel.referred,
            submitted: funnel.submitted,
            handed_off: funnel.handed_off,
            acknowledged: funnel.acknowledged,
            active: funnel.active,
            action_required: funnel.action_required,
            enrollment_refused: funnel.enrollment_refused,
            dead: funnel.dead,
            callers: result.callers,
            promised: result.promises.len(),
            in_spanish: submitted().filter(|it| it.language_code == "es").count(),
            active_in_part: submitted()
                .filter(|it| it.state() == wire::EnrollmentState::PartlyActive)
                .count(),
            turned_away: result.turned_away,
            outcomes: report
                .outcomes
                .into_iter()
                .map(|it| (outcome_class(it.outcome_class), it.coverages))
                .collect(),
            impostors_tried: result.impostors_tried,
            impostors_referred: result.impostors_referred,
            impostors_enrolled: found.impostors_enrolled,
            lost: found.lost,
            doubled: found.doubled,
            unexplained: found.unexplained,
            unsettled: result
                .promises
                .iter()
                .filter(|(_, id)| !settled(id))
                .count(),
            disagreements: disagreements(enrollments, booked),
            surprises,
            seconds: (took.as_secs_f64() * 100.0).round() / 100.0,
            peak_memory_mib,
            funnel,
            engagement_number: report.engagement_number,
        }
    }

    /// Fails if anything was lost, doubled, let in, left unsettled or differs from the books.
    pub fn verdict(&self) -> Outcome {
        let wrong: Vec<String> = self
            .failures()
            .filter(|(_, count)| *count > 0)
            .map(|(what, count)| format!("{count} {what}"))
            .collect();
        if wrong.is_empty() {
            return Ok(());
        }
        Err(Problem::refused(format!(
            "the demonstration failed: {}",
            wrong.join(", ")
        )))
    }

    fn failures(&self) -> impl Iterator<Item = (&'static str, usize)> {
        [
            ("lost", self.lost),
            ("doubled", self.doubled),
            ("impostors enrolled", self.impostors_enrolled),
            ("unexplained in the books", self.unexplained),
            ("unsettled", self.unsettled),
            ("settled otherwise than in the books", self.disagreements),
            ("rules broken", self.surprises.values().sum()),
        ]
        .into_iter()
    }
}

/// Counts coverages of settled enrollments whose outcome differs from the books.
fn disagreements(enrollments: &HashMap<String, wire::Enrollment>, booked: &[Entry]) -> usize {
    let books: HashMap<&str, EnrollmentProgress> = booked
        .iter()
        .map(|entry| (entry.handoff_id.as_str(), entry.progress))
        .collect();
    let settled = enrollments
        .values()
        .filter(|enrollment| is_settled(enrollment));
    let coverages = settled.flat_map(|enrollment| &enrollment.coverages);
    coverages
        .filter(|coverage| {
            books.get(coverage.handoff_id.as_str()).copied() != Some(expected(coverage.state()))
        })
        .count()
}

fn expected(state: wire::CoverageState) -> EnrollmentProgress {
    match state {
        wire::CoverageState::Active => EnrollmentProgress::Active,
        wire::CoverageState::ActionRequired => EnrollmentProgress::ActionRequired,
        wire::CoverageState::Refused => EnrollmentProgress::Refused,
        _ => EnrollmentProgress::Unspecified,
    }
}
