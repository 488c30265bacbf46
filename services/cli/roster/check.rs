//! `redress roster check`: what a list holds, before anything is loaded.

use std::path::Path;

use crate::cli::render::Record;
use crate::client::roster::import::Imported;
use crate::client::roster::survey::Survey;

/// What a check came to.
pub fn record(file: &Path, checked: &Imported) -> Record {
    let Imported {
        survey,
        totals,
        listed,
        ..
    } = checked;
    let listing =
        |path: &Option<std::path::PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let repeated = &survey.repeated;
    Record::new()
        .with("file", file.display().to_string())
        .with("detected", survey.detected.as_str())
        .with("passed_over", survey.notes.clone())
        .with("rows", survey.rows)
        .with("columns", columns(survey))
        .with("date_formats", counts(&survey.facts.date_shapes))
        .with("populations", counts(&survey.facts.populations))
        .with("same_name_and_birth_date", repeated.people)
        .with("their_lines", groups(&repeated.people_lines))
        .with("same_ssn", repeated.numbers)
        .with("lines_of_same_ssn", groups(&repeated.number_lines))
        .with("would_be_taken", totals.accepted)
        .with("would_be_refused", totals.rejected)
        .with("would_be_warned_of", totals.warned)
        .with("would_be_unmailable", totals.unmailable)
        .with("rejects_file", listing(&listed.rejects))
        .with("warnings_file", listing(&listed.warnings))
}

fn columns(survey: &Survey) -> Vec<String> {
    let columns = survey.facts.columns.iter().map(|facts| {
        // In tenths of a percent, rounded down: 100% is every row.
        let share = facts.filled.saturating_mul(1_000) / survey.rows.max(1);
        let examples = facts.examples.join("   ");
        format!(
            "{:<26} {:>3}.{}%  {examples}",
            facts.column,
            share / 10,
            share % 10
        )
        .trim_end()
        .to_owned()
    });
    columns.collect()
}

fn counts(counts: &std::collections::BTreeMap<String, u64>) -> Vec<String> {
    let mut sorted: Vec<(&String, &u64)> = counts.iter().collect();
    sorted.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    sorted
        .into_iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect()
}

fn groups(groups: &[Vec<i64>]) -> Vec<String> {
    let words = |lines: &Vec<i64>| {
        let lines: Vec<String> = lines.iter().map(i64::to_string).collect();
        lines.join(", ")
    };
    groups.iter().map(words).collect()
}
