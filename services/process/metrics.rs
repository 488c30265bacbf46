//! What is measured about every process alike.

use std::sync::LazyLock;

use opentelemetry::metrics::Counter;
use opentelemetry::{KeyValue, global};

/// Made at first use, which is after telemetry has started.
static THROTTLED: LazyLock<Counter<u64>> = LazyLock::new(|| {
    global::meter("redress")
        .u64_counter("redress.throttle.refusals")
        .with_description("Calls over a limit, by the limit; no label names a caller or a campaign")
        .build()
});

/// Counts a call over a limit.
pub(super) fn throttled(limit: &'static str) {
    THROTTLED.add(1, &[KeyValue::new("limit", limit)]);
}
