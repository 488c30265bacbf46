//! What is measured about transactions: how long, how often again, how they ended.

use std::sync::LazyLock;
use std::time::Duration;

use opentelemetry::metrics::{Counter, Gauge, Histogram};
use opentelemetry::{KeyValue, global};

use super::error::{Error, Storage};

/// In seconds: from a point write to the limit of a bulk load.
const BUCKETS: [f64; 14] = [
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 60.0, 600.0,
];

struct Instruments {
    duration: Histogram<f64>,
    retries: Counter<u64>,
    audit_events: Counter<u64>,
    writable: Gauge<i64>,
}

/// Made at the first transaction, which is after telemetry has started.
static INSTRUMENTS: LazyLock<Instruments> = LazyLock::new(|| {
    let meter = global::meter("redress");
    Instruments {
        duration: meter
            .f64_histogram("redress.db.transaction.duration")
            .with_unit("s")
            .with_description("Time from the first attempt to the answer")
            .with_boundaries(BUCKETS.to_vec())
            .build(),
        retries: meter
            .u64_counter("redress.db.transaction.retries")
            .with_description("Attempts that were run again")
            .build(),
        writable: meter
            .i64_gauge("redress.db.writable")
            .with_description("0 from when the database was found full, failing or read-only until something is written")
            .build(),
        audit_events: meter
            .u64_counter("redress.audit.events")
            .with_description(
                "Audit events written; those of a transaction that ran again count again",
            )
            .build(),
    }
});

/// Measures the connections of a pool for as long as the process lives.
pub(super) fn pool(name: &'static str, used: impl Fn() -> (u32, u32) + Send + Sync + 'static) {
    let label = move |state| [KeyValue::new("pool", name), KeyValue::new("state", state)];
    global::meter("redress")
        .u64_observable_gauge("redress.db.connections")
        .with_description("Connections to the database, by pool and by whether they are in use")
        .with_callback(move |observer| {
            let (used, idle) = used();
            observer.observe(used.into(), &label("used"));
            observer.observe(idle.into(), &label("idle"));
        })
        .build();
}

/// Shows whether the database can be written.
pub(super) fn writable(is_writable: bool) {
    INSTRUMENTS.writable.record(is_writable.into(), &[]);
}

/// Counts audit events.
pub(super) fn audited(events: usize) {
    INSTRUMENTS.audit_events.add(events as u64, &[]);
}

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
    // From the first transaction on, so that the first attempt that is run again is an increase.
    let labels = [
        KeyValue::new("transaction", name),
        KeyValue::new("error.type", "contended"),
    ];
    INSTRUMENTS.retries.add(0, &labels);
}

fn class(error: Option<&Error>) -> &'static str {
    error.map_or("refused", Error::class)
}
