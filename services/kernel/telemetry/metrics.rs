//! The measurements that every server makes.

use std::time::Duration;

use opentelemetry::metrics::Histogram;
use opentelemetry::{KeyValue, global};

/// The duration of a call (RPC semantic conventions 1.45; the Rust crate still has the older name).
const CALL_DURATION: &str = "rpc.server.call.duration";
/// The buckets that the conventions advise, in seconds.
const BUCKETS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// The instruments of a server.
#[derive(Clone, Debug)]
pub struct RpcMetrics {
    duration: Histogram<f64>,
}

impl RpcMetrics {
    /// Makes the instruments of the process's meter.
    pub fn new() -> Self {
        let meter = global::meter("redress");
        let duration = meter
            .f64_histogram(CALL_DURATION)
            .with_unit("s")
            .with_description("Duration of calls, from headers to the last byte")
            .with_boundaries(BUCKETS.to_vec())
            .build();
        Self { duration }
    }

    /// Records a call.
    pub fn record(&self, method: &'static str, code: &'static str, failed: bool, took: Duration) {
        let shared = [
            KeyValue::new("rpc.system.name", "grpc"),
            KeyValue::new("rpc.method", method),
            KeyValue::new("rpc.status_code", code),
            KeyValue::new("error.type", code),
        ];
        let attributes = if failed { &shared[..] } else { &shared[..3] };
        self.duration.record(took.as_secs_f64(), attributes);
    }
}

impl Default for RpcMetrics {
    fn default() -> Self {
        Self::new()
    }
}
