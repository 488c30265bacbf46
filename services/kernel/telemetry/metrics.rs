//! The measurements that every server makes.

use std::time::Duration;

use opentelemetry::metrics::{Histogram, Meter};
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
        Self::of(&global::meter("redress"))
    }

    fn of(meter: &Meter) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::metrics::MeterProvider;
    use opentelemetry_sdk::metrics::SdkMeterProvider;

    #[test]
    fn prometheus_sees_calls_by_method_and_code() {
        let registry = prometheus::Registry::new();
        let exporter = opentelemetry_prometheus::exporter();
        let exporter = exporter.with_registry(registry.clone()).build().unwrap();
        let provider = SdkMeterProvider::builder().with_reader(exporter).build();
        let metrics = RpcMetrics::of(&provider.meter("redress"));
        let took = Duration::from_millis(7);
        metrics.record("a.B/C", "OK", false, took);
        metrics.record("a.B/C", "INTERNAL", true, took);
        let text = prometheus::TextEncoder::new();
        let text = text.encode_to_string(&registry.gather()).unwrap();
        for part in [
            "rpc_server_call_duration_seconds_bucket",
            "rpc_method=\"a.B/C\"",
            "rpc_status_code=\"OK\"",
            "error_type=\"INTERNAL\"",
            "le=\"0.01\"} 1",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }
}
