//! `redress roster check`: what a list holds, before anything is loaded.

use std::path::Path;

use crate::cli::render::{self, Format, Record};
use crate::client::problem::Outcome;
use crate::client::roster::facts::ColumnFacts;
use crate::client::roster::import::Imported;
use crate::client::roster::survey::Survey;

/// Prints what a check came to.
pub fn print(format: Format, file: &Path, checked: &Imported) -> Outcome {
    let record = record(file, checked);
    if format != Format::Table {
        return render::one(format, &record.with("columns", lines(&checked.survey)));
    }
    render::one(format, &record)?;
    render::print("")?;
    let columns: Vec<Record> = columns(&checked.survey).collect();
    render::many(format, &columns, "the list has no column")
}

fn record(file: &Path, checked: &Imported) -> Record {
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

fn columns(survey: &Survey) -> impl Iterator<Item = Record> {
    survey.facts.columns.iter().map(|facts| {
        Record::new()
            .with("column", facts.column)
            .with("filled", share(facts.filled, survey.rows))
            .with("looks_like", facts.examples.join("   "))
    })
}

fn lines(survey: &Survey) -> Vec<String> {
    let columns = survey.facts.columns.iter();
    let line = |facts: &ColumnFacts| {
        let (share, examples) = (share(facts.filled, survey.rows), facts.examples.join(" "));
        format!("{} {share} {examples}", facts.column)
            .trim_end()
            .to_owned()
    };
    columns.map(line).collect()
}

/// In tenths of a percent, rounded down: 100% is every row.
fn share(filled: u64, rows: u64) -> String {
    let share = filled.saturating_mul(1_000) / rows.max(1);
    format!("{}.{}%", share / 10, share % 10)
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
