//! What a benchmark came to, as it is printed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::cli::render::{self, Format, Record};
use crate::client::problem::Outcome;
use crate::lab::bench::report::{Report, Round, Step};

/// Prints it.
pub fn print(report: &Report, format: Format) -> Outcome {
    let steps = [
        step(report, "roster import", |round| {
            (round.import, round.floor.import)
        }),
        step(report, "codes issue", |round| {
            (round.issue, round.floor.issue)
        }),
        step(report, "mailing export", |round| {
            (round.export, round.floor.export)
        }),
    ];
    match format {
        Format::Json => render::json(&json!({
            "people": report.people,
            "database": report.database,
            "rounds": report.rounds.len(),
            "idle_share_before": report.idle_before.map(two),
            "idle_share_after": report.idle_after.map(two),
            "steps": steps,
            "peak_mib": peaks(report),
        })),
        Format::Csv => render::many(format, &steps, ""),
        Format::Table => {
            render::many(format, &steps, "")?;
            render::print("")?;
            render::one(format, &surroundings(report))
        }
    }
}

fn surroundings(report: &Report) -> Record {
    let percent = |share: Option<f64>| share.map(|share| format!("{:.0} %", share * 100.0));
    let record = Record::new()
        .with("people", report.people)
        .with("database", report.database)
        .with("rounds", report.rounds.len())
        .with("idle_before", percent(report.idle_before))
        .with("idle_after", percent(report.idle_after));
    let peaks = peaks(report).into_iter();
    let peaks = peaks.map(|(name, mib)| format!("{name} {mib} MiB"));
    record.with("most_memory", peaks.collect::<Vec<_>>())
}

fn peaks(report: &Report) -> BTreeMap<String, f64> {
    let mut peaks: BTreeMap<String, f64> = BTreeMap::new();
    for (name, mib) in report.rounds.iter().flat_map(|round| &round.peaks) {
        let peak = peaks.entry(name.clone()).or_default();
        *peak = peak.max(*mib);
    }
    peaks
}

fn step(report: &Report, name: &str, of: impl Fn(&Round) -> (Step, f64)) -> Record {
    let median_of = |what: &dyn Fn(&(Step, f64)) -> f64| {
        median(report.rounds.iter().map(|round| what(&of(round))).collect())
    };
    let rows = report.rounds.first().map_or(0, |round| of(round).0.rows);
    let each = f64::from(u32::try_from(rows.max(1)).unwrap_or(u32::MAX));
    let (seconds, floor) = (
        median_of(&|(step, _)| step.seconds),
        median_of(&|(_, floor)| *floor),
    );
    let a_row = |cpu: f64| two(cpu / each * 1e6);
    Record::new()
        .with("step", name)
        .with("rows", rows)
        .with("seconds", two(seconds))
        .with("rows_per_second", whole(each / seconds))
        .with("floor_seconds", two(floor))
        .with("floor_rows_per_second", whole(each / floor))
        .with("ratio", two(floor / seconds))
        .with(
            "server_cpu_us_per_row",
            a_row(median_of(&|(step, _)| step.server_cpu)),
        )
        .with(
            "program_cpu_us_per_row",
            a_row(median_of(&|(step, _)| step.program_cpu)),
        )
}

/// The middle one, or the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.len().saturating_sub(1) / 2, values.len() / 2);
    match (values.get(low), values.get(high)) {
        (Some(low), Some(high)) => f64::midpoint(*low, *high),
        _ => 0.0,
    }
}

fn two(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn whole(value: f64) -> Value {
    json!(value.round())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_not_moved_by_one_bad_round() {
        let same = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(same(median(vec![9.0, 1.0, 2.0]), 2.0));
        assert!(same(median(vec![3.0, 1.0]), 2.0));
        assert!(same(median(Vec::new()), 0.0));
    }
}
