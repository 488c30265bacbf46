//! How soon queues were empty, as it is printed.

use serde_json::json;

use crate::cli::render::{self, Format, Record};
use crate::client::problem::Outcome;
use crate::lab::bench::drain::measured::{Measured, Pace};
use crate::lab::bench::verify::Latency;

/// Prints it.
pub fn print(measured: &Measured, format: Format) -> Outcome {
    let lines = lines(measured);
    let figures = figures(measured);
    match format {
        Format::Json => render::json(&json!({ "figures": figures, "queues": lines })),
        Format::Csv => render::many(format, &lines, ""),
        Format::Table => {
            render::one(format, &figures)?;
            render::print("")?;
            render::many(format, &lines, "")
        }
    }
}

fn figures(measured: &Measured) -> Record {
    let outage = &measured.outage;
    let [pushed, all] = measured.peak_memory_mib;
    let p99 = |latency: &Latency| milliseconds(latency.p99);
    Record::new()
        .with("database", measured.database)
        .with("enrolled_beside_the_push", measured.enrolled.0)
        .with("their_p99_ms", p99(&measured.enrolled.1))
        .with("enroll_p99_ms_with_the_bureau", p99(&outage.with_bureau))
        .with("enroll_p99_ms_without_it", p99(&outage.without_bureau))
        .with("displaced_after_the_outage", outage.displaced)
        .with(
            "peak_memory_mib_after_the_first_push",
            pushed.unwrap_or_default(),
        )
        .with("peak_memory_mib", all.unwrap_or_default())
}

/// A line a queue, each beside the one that it is compared with.
fn lines(measured: &Measured) -> Vec<Record> {
    let Measured {
        alone,
        behind_poison,
        ..
    } = measured;
    let queues = [
        ("pushed, alone", alone.one, None),
        ("pushed to another bureau, alone", alone.other, None),
        (
            "pushed while people enroll",
            measured.beside,
            Some(alone.one),
        ),
        (
            "pushed behind 50 that fail",
            behind_poison.one,
            Some(alone.one),
        ),
        (
            "pushed to another bureau meanwhile",
            behind_poison.other,
            Some(alone.other),
        ),
        (
            "pushed after an outage",
            measured.outage.after,
            Some(alone.one),
        ),
        ("leased by statements of 1,000 alone", measured.leased, None),
        (
            "pulled by one stream",
            measured.pulled,
            Some(measured.leased),
        ),
    ];
    let line = |(queue, pace, beside): (&str, Pace, Option<Pace>)| {
        let share = beside.map(|beside| hundredths(a_second(pace) / a_second(beside)));
        Record::new()
            .with("queue", queue)
            .with("orders", pace.orders)
            .with("seconds", tenths(pace.took.as_secs_f64()))
            .with("orders_a_second", a_second(pace).round())
            .with("of_the_speed_alone", share)
    };
    queues.into_iter().map(line).collect()
}

fn a_second(pace: Pace) -> f64 {
    let orders = f64::from(u32::try_from(pace.orders).unwrap_or(u32::MAX));
    orders / pace.took.as_secs_f64().max(0.001)
}

fn milliseconds(took: std::time::Duration) -> f64 {
    tenths(took.as_secs_f64() * 1_000.0)
}

fn tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
