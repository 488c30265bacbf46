//! What the demonstration found, as it is printed.

use crate::cli::render::{self, Format, Record, with_commas};
use crate::cli::report::funnel::funnel_text;
use crate::client::problem::Outcome;
use crate::lab::demo::summary::Summary;

/// Prints what was found.
pub fn print(summary: &Summary, format: Format) -> Outcome {
    match format {
        Format::Table => render::print(&in_words(summary)),
        Format::Json => render::json(summary),
        Format::Csv => render::one(format, &counts(summary)),
    }
}

fn in_words(summary: &Summary) -> String {
    let mut text = format!(
        "Campaign {}{}, {:.1} s\n\n{}",
        summary.engagement_number,
        summary
            .database
            .map(|it| format!(" on {it}"))
            .unwrap_or_default(),
        summary.seconds,
        funnel_text(&summary.funnel)
    );
    text.push_str(&section(
        "\n\nwhy coverages are not active",
        summary
            .outcomes
            .iter()
            .map(|(class, count)| (class.as_str(), *count)),
    ));
    let turned_away = summary
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
            summary.promised,
            "callers who were told: you are enrolled",
        ),
        (
            "in Spanish",
            summary.in_spanish,
            "of them, who consented to the Spanish text",
        ),
        (
            "active in part",
            summary.active_in_part,
            "of them, with a coverage that runs and another that does not",
        ),
        ("lost", summary.lost, "promised, and in no book"),
        (
            "doubled",
            summary.doubled,
            "in the books more often than promised",
        ),
        (
            "impostors tried",
            summary.impostors_tried,
            "stolen letters, leaked data, guessed codes, others' enrollments",
        ),
        (
            "impostors referred",
            summary.impostors_referred,
            "their papers were asked for, and they had none",
        ),
        (
            "impostors enrolled",
            summary.impostors_enrolled,
            "their victims in the books",
        ),
        (
            "unsettled",
            summary.unsettled,
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
        summary
            .surprises
            .iter()
            .map(|(rule, count)| (*rule, count_of(*count))),
    ));
    if !summary.peak_memory_mib.is_empty() {
        text.push_str("\n\nmost memory held, MiB");
        for (process, mib) in &summary.peak_memory_mib {
            text = format!("{text}\n  {mib:>7.1}  {process}");
        }
    }
    text
}

fn counts(summary: &Summary) -> Record {
    Record::new()
        .with("rows", summary.rows)
        .with("individuals", summary.individuals)
        .with("letters", summary.letters)
        .with("submitted", summary.submitted)
        .with("active", summary.active)
        .with("action_required", summary.action_required)
        .with("impostors_tried", summary.impostors_tried)
        .with("impostors_referred", summary.impostors_referred)
        .with("impostors_enrolled", summary.impostors_enrolled)
        .with("lost", summary.lost)
        .with("doubled", summary.doubled)
        .with("seconds", summary.seconds)
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
