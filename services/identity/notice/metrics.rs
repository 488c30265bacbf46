//! What is measured about proofings that people repudiate.

use std::sync::LazyLock;

use opentelemetry::global;
use opentelemetry::metrics::Counter;

/// Made at first use, which is after telemetry has started.
static REPUDIATED: LazyLock<Counter<u64>> = LazyLock::new(|| {
    global::meter("redress")
        .u64_counter("redress.proofing.repudiated")
        .with_description("Proofings that people repudiated: somebody enrolled in their name")
        .build()
});

/// Makes the counter at zero: an increase from nothing is none.
pub(super) fn start() {
    REPUDIATED.add(0, &[]);
}

/// Counts one.
pub(super) fn repudiated() {
    REPUDIATED.add(1, &[]);
}
