//! What is measured about notices of proofing.

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

static REFUSED: LazyLock<Counter<u64>> = LazyLock::new(|| {
    global::meter("redress")
        .u64_counter("redress.proofing.notice.refused")
        .with_description(
            "Notices of proofing that a carrier refused for good: their people were not told",
        )
        .build()
});

/// Makes the counters at zero: an increase from nothing is none.
pub(super) fn start() {
    REPUDIATED.add(0, &[]);
    REFUSED.add(0, &[]);
}

/// Counts a notice that was refused for good.
pub(super) fn refused() {
    REFUSED.add(1, &[]);
}

/// Counts one.
pub(super) fn repudiated() {
    REPUDIATED.add(1, &[]);
}
