//! What came of a night's files, as it is printed.

use std::time::Duration;

use crate::cli::render::{self, Format, Record};
use crate::client::problem::{Outcome, Problem};
use crate::lab::bench::files::Measured;

/// Prints it; where somebody was lost or doubled that is a refusal.
pub fn print(measured: &Measured, format: Format) -> Outcome {
    let mut row = Record::new()
        .with("database", measured.database)
        .with("queued", measured.queued);
    let steps = [
        ("first_file", "first_file_seconds", measured.first_file),
        ("answered", "answer_read_seconds", measured.answer),
        ("second_file", "second_file_seconds", measured.second_file),
        ("results", "results_read_seconds", measured.results),
    ];
    for (records, seconds, (count, took)) in steps {
        row = row.with(records, count).with(seconds, tenths(took));
    }
    let row = row
        .with("lost", measured.lost)
        .with("doubled", measured.doubled)
        .with("otherwise", measured.otherwise)
        .with(
            "peak_memory_mib",
            measured.peak_memory_mib.unwrap_or_default(),
        );
    render::one(format, &row)?;
    if measured.lost + measured.doubled + measured.otherwise > 0 {
        return Err(Problem::refused(
            "not everybody was handed over exactly once",
        ));
    }
    Ok(())
}

fn tenths(took: Duration) -> f64 {
    (took.as_secs_f64() * 10.0).round() / 10.0
}
