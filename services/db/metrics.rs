//! What is measured about transactions: how long, how often again, how they ended.

use std::sync::LazyLock;
use std::time::Duration;

use opentelemetry::metrics::{Counter, Histogram};
use opentelemetry::{KeyValue, global};

use super::error::{Error, Storage};

struct Instruments {
    duration: Histogram<f64>,
    retries: Counter<u64>,
}

/// Made at the first transaction, which is after telemetry has started.
static INSTRUMENTS: LazyLock<Instruments> = LazyLock::new(|| {
    let meter = global::meter("redress");
    Instruments {
        duration: meter
            .f64_histogram("redress.db.transaction.duration")
            .with_unit("s")
            .with_description("Time from the first attempt to the answer")
            .build(),
        retries: meter
            .u64_counter("redress.db.transaction.retries")
            .with_description("Attempts that were run again")
            .build(),
    }
});

/// Counts an attempt that will be run again.
pub(super) fn retried(name: &'static str, error: Option<&Error>) {
    let labels = [
        KeyValue::new("transaction", name),
        KeyValue::new("error.type", class(error)),
    ];
    INSTRUMENTS.retries.add(1, &labels);
}

/// Measures a transaction that ended. An error that is no storage error is a refusal by the work itself.
pub(super) fn finished<T, E: Storage>(name: &'static str, took: Duration, result: &Result<T, E>) {
    let outcome = match result {
        Ok(_) => "committed",
        Err(error) => class(error.storage()),
    };
    let labels = [
        KeyValue::new("transaction", name),
        KeyValue::new("outcome", outcome),
    ];
    INSTRUMENTS.duration.record(took.as_secs_f64(), &labels);
}

fn class(error: Option<&Error>) -> &'static str {
    error.map_or("refused", Error::class)
}
