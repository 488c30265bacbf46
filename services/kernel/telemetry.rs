//! What goes out about a process: logs, traces and metrics.
//!
//! Logs are JSON lines on stderr, always. With an OTLP collector, traces, metrics and logs go there too; without one the
//! metrics are on the admin port for Prometheus. Nothing personal goes out: fields are ids, names of states and numbers.

mod export;
mod json;
#[cfg(test)]
pub(super) mod kept;
mod metrics;
mod span;
mod trace;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

pub use export::{Guard, InitError};
pub use metrics::RpcMetrics;
pub use span::{current_traceparent, in_trace};
pub(super) use span::{end_server_span, server_span};
pub use trace::Trace;

use super::settings::TelemetrySettings;

/// Starts logs, traces and metrics of a process, once. Needs a tokio runtime around it when there is a collector.
///
/// Nothing waits for the collector: whether it answers is its own affair. Panics become log lines that tell the place
/// and not the message.
pub fn init(service: &'static str, settings: &TelemetrySettings) -> Result<Guard, InitError> {
    let filter = EnvFilter::try_new(&settings.log).map_err(|_| InitError::Filter)?;
    let lines = tracing_subscriber::fmt::layer()
        .event_format(json::Lines { process: service })
        .fmt_fields(json::NoFields)
        .with_writer(std::io::stderr)
        .with_filter(filter);
    let (guard, exported) = export::start(service, settings)?;
    tracing_subscriber::registry()
        .with(exported)
        .with(lines)
        .try_init()
        .map_err(|_| InitError::Twice)?;
    std::panic::set_hook(Box::new(|panic| {
        // Only the place: the message may hold data.
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place = place.as_deref().unwrap_or("unknown"), "panicked");
    }));
    Ok(guard)
}
