//! How long VerifyIdentity took, as it is printed.

use std::time::Duration;

use crate::cli::render::{self, Format, Record};
use crate::client::problem::Outcome;
use crate::lab::bench::verify::{Latency, Measured};

/// Prints it, with each latency as a multiple of what its calls cannot do without, and of the same on the smallest roster.
pub fn print(all: &[Measured], format: Format) -> Outcome {
    let smallest = all.first();
    let rows: Vec<Record> = all
        .iter()
        .flat_map(|one| rows(one, smallest.unwrap_or(one)))
        .collect();
    render::many(format, &rows, "")
}

fn rows(one: &Measured, smallest: &Measured) -> [Record; 4] {
    let floor = one.select.p50 + one.empty_call.p50;
    let row = |call: &str, latency: Latency, before: Latency| {
        Record::new()
            .with("people", one.people)
            .with("database", one.database)
            .with("call", call)
            .with("p50_us", microseconds(latency.p50))
            .with("p99_us", microseconds(latency.p99))
            .with("p50_of_select_and_empty_call", ratio(latency.p50, floor))
            .with("p50_of_select", ratio(latency.p50, one.select.p50))
            .with("p50_of_smallest", ratio(latency.p50, before.p50))
    };
    [
        row(
            "VerifyIdentity with a letter",
            one.with_letter,
            smallest.with_letter,
        ),
        row(
            "VerifyIdentity by an agent",
            one.by_agent,
            smallest.by_agent,
        ),
        row("SELECT by key", one.select, smallest.select),
        row("empty call", one.empty_call, smallest.empty_call),
    ]
}

fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn ratio(one: Duration, other: Duration) -> f64 {
    (one.as_secs_f64() / other.as_secs_f64().max(1e-9) * 100.0).round() / 100.0
}
