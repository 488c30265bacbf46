//! What the demonstration found, for reading and for programs.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde::Serialize;

use super::books::{Entry, Found};
use super::environment::Stage;
use super::outcomes::is_settled;
use crate::cli::problem::{Outcome, Problem};
use crate::cli::render::{self, Format, Record};
use crate::cli::report::{funnel_text, with_commas};
use crate::cli::stack::peak_memory_mib;
use crate::lab::callers::run::Played;
use crate::wire::redress::bureau::v1::EnrollmentProgress;
use crate::wire::redress::enrollment::v1 as wire;

/// The one object that the demonstration ends with.
#[derive(Debug, Serialize)]
pub struct Summary {
    database: &'static str,
    rows: i64,
    rejected: i64,
    individuals: i64,
    codes_issued: i64,
    letters: i64,
    begun: i64,
    verified: i64,
    refused: i64,
    referred: i64,
    submitted: i64,
    handed_off: i64,
    acknowledged: i64,
    active: i64,
    action_required: i64,
    enrollment_refused: i64,
    dead: i64,
    callers: usize,
    promised: usize,
    /// Honest callers who were refused, by reason.
    turned_away: BTreeMap<String, usize>,
    outcomes: BTreeMap<String, i64>,
    impostors_tried: usize,
    /// Neither let in nor refused by the rules: their papers were asked for.
    impostors_referred: usize,
    impostors_enrolled: usize,
    lost: usize,
    doubled: usize,
    /// In the bureau's books, and neither promised nor a victim.
    unexplained: usize,
    /// Promised, and not settled with a reason.
    unsettled: usize,
    /// Settled otherwise here than in the bureau's books.
    disagreements: usize,
    /// Rules that callers saw broken.
    surprises: BTreeMap<&'static str, usize>,
    seconds: f64,
    peak_memory_mib: BTreeMap<String, f64>,
    #[serde(skip)]
    funnel: wire::Funnel,
    #[serde(skip)]
    engagement_number: String,
}

impl Summary {
    /// Gathers what was counted by the services, seen by the callers and found in the books.
    pub fn new(
        stage: &Stage,
        report: wire::GetCampaignReportResponse,
        played: Played,
        found: Found,
        enrollments: &HashMap<String, wire::Enrollment>,
        booked: &[Entry],
        took: Duration,
    ) -> Self {
        let funnel = report.funnel.unwrap_or_default();
        let settled = |id: &String| enrollments.get(id).is_some_and(is_settled);
        let mut peak_memory_mib: BTreeMap<String, f64> = stage
            .endpoints
            .pids
            .iter()
            .filter_map(|(name, pid)| Some((name.clone(), peak_memory_mib(*pid)?)))
            .collect();
        if let Some(own) = peak_memory_mib_of_this() {
            peak_memory_mib.insert("redress demo".to_owned(), own);
        }
        let mut surprises = played.surprises;
        if played.impostors_believing > 0 {
            surprises.insert(
                "an impostor was told that they are enrolled",
                played.impostors_believing,
            );
        }
        Self {
            database: stage.database,
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
            callers: played.callers,
            promised: played.promises.len(),
            turned_away: played.turned_away,
            outcomes: report
                .outcomes
                .into_iter()
                .map(|it| (it.outcome_class, it.enrollments))
                .collect(),
            impostors_tried: played.impostors_tried,
            impostors_referred: played.impostors_referred,
            impostors_enrolled: found.impostors_enrolled,
            lost: found.lost,
            doubled: found.doubled,
            unexplained: found.unexplained,
            unsettled: played
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

    /// Prints it.
    pub fn print(&self, format: Format) -> Outcome {
        match format {
            Format::Table => render::print(&self.in_words()),
            Format::Json => render::json(self),
            Format::Csv => render::one(format, &self.counts()),
        }
    }

    /// Fails where anything was lost, doubled, let in, left unsettled or otherwise than it should be.
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

    fn in_words(&self) -> String {
        let mut text = format!(
            "Campaign {} on {}, {:.1} s\n\n{}",
            self.engagement_number,
            self.database,
            self.seconds,
            funnel_text(&self.funnel)
        );
        text.push_str(&section(
            "\n\nwhy enrollments are not active",
            self.outcomes
                .iter()
                .map(|(class, count)| (class.as_str(), *count)),
        ));
        let turned_away = self
            .turned_away
            .iter()
            .map(|(reason, count)| (reason.as_str(), count_of(*count)));
        text.push_str(&section(
            "\n\nhonest callers who were turned away",
            turned_away,
        ));
        text.push_str("\n\nwhat callers were promised, against the bureau's own books\n");
        let mut table = render::plain_table();
        for (what, count, meaning) in [
            (
                "promised",
                self.promised,
                "callers who were told: you are enrolled",
            ),
            ("lost", self.lost, "promised, and in no book"),
            (
                "doubled",
                self.doubled,
                "in the books more often than promised",
            ),
            (
                "impostors tried",
                self.impostors_tried,
                "stolen letters, leaked data, guessed codes, others' enrollments",
            ),
            (
                "impostors referred",
                self.impostors_referred,
                "their papers were asked for, and they had none",
            ),
            (
                "impostors enrolled",
                self.impostors_enrolled,
                "their victims in the books",
            ),
            (
                "unsettled",
                self.unsettled,
                "promised, and without an outcome",
            ),
        ] {
            table.add_row([
                what.to_owned(),
                with_commas(count_of(count)),
                meaning.to_owned(),
            ]);
        }
        if let Some(column) = table.column_mut(1) {
            column.set_cell_alignment(comfy_table::CellAlignment::Right);
        }
        text.push_str(&render::text(table));
        text.push_str(&section(
            "\n\nrules that callers saw broken",
            self.surprises
                .iter()
                .map(|(rule, count)| (*rule, count_of(*count))),
        ));
        if !self.peak_memory_mib.is_empty() {
            text.push_str("\n\nmost memory held, MiB");
            for (process, mib) in &self.peak_memory_mib {
                text = format!("{text}\n  {mib:>7.1}  {process}");
            }
        }
        text
    }

    fn counts(&self) -> Record {
        Record::new()
            .with("rows", self.rows)
            .with("individuals", self.individuals)
            .with("letters", self.letters)
            .with("submitted", self.submitted)
            .with("active", self.active)
            .with("action_required", self.action_required)
            .with("impostors_tried", self.impostors_tried)
            .with("impostors_referred", self.impostors_referred)
            .with("impostors_enrolled", self.impostors_enrolled)
            .with("lost", self.lost)
            .with("doubled", self.doubled)
            .with("seconds", self.seconds)
    }
}

/// A headline with counted lines, or nothing where there are none.
fn section<'a>(headline: &str, lines: impl Iterator<Item = (&'a str, i64)>) -> String {
    let mut text = String::new();
    for (what, count) in lines {
        let what = what.to_lowercase().replace('_', " ");
        text = format!("{text}\n  {:>7}  {what}", with_commas(count));
    }
    if text.is_empty() {
        text
    } else {
        format!("{headline}{text}")
    }
}

fn count_of(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn peak_memory_mib_of_this() -> Option<f64> {
    peak_memory_mib(std::process::id())
}

/// Counts enrollments that are settled here and stand otherwise in the books.
fn disagreements(enrollments: &HashMap<String, wire::Enrollment>, booked: &[Entry]) -> usize {
    let books: HashMap<&str, EnrollmentProgress> = booked
        .iter()
        .map(|entry| (entry.handoff_id.as_str(), entry.progress))
        .collect();
    let settled = enrollments
        .values()
        .filter(|enrollment| is_settled(enrollment));
    settled
        .filter(|enrollment| {
            books.get(enrollment.handoff_id.as_str()).copied() != Some(expected(enrollment.state()))
        })
        .count()
}

fn expected(state: wire::EnrollmentState) -> EnrollmentProgress {
    match state {
        wire::EnrollmentState::Active => EnrollmentProgress::Active,
        wire::EnrollmentState::ActionRequired => EnrollmentProgress::ActionRequired,
        wire::EnrollmentState::Refused => EnrollmentProgress::Refused,
        _ => EnrollmentProgress::Unspecified,
    }
}
