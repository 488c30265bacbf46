//! Where traces, metrics and logs go.

use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{KeyValue, global};
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{LogExporter, MetricExporter, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use prometheus::Registry;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

use super::span;
use crate::kernel::clock::Clock;
use crate::kernel::ids::Ids;
use crate::kernel::settings::TelemetrySettings;

/// Why telemetry cannot start.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The filter of log lines is not one.
    #[error("log: the filter is not one; use a level such as info, or redress=debug,warn")]
    Filter,
    /// The collector's endpoint cannot be used.
    #[error("otlp_endpoint: it cannot be used; give http://HOST:PORT of a collector's gRPC port")]
    Collector,
    /// The metrics cannot be registered.
    #[error("the metrics cannot be registered")]
    Metrics,
    /// Something has set a subscriber before.
    #[error("telemetry has been started before in this process")]
    Twice,
}

/// How long one export may take.
const EXPORT: Duration = Duration::from_secs(3);
/// How long the last exports may hold up the exit.
const SHUTDOWN: Duration = Duration::from_secs(1);
/// The layers below an export log too; exporting that would feed itself.
const OWN_NOISE: [&str; 7] = [
    "h2",
    "hyper",
    "hyper_util",
    "tonic",
    "tower",
    "opentelemetry",
    "rustls",
];

type Boxed<S> = Box<dyn Layer<S> + Send + Sync>;

/// What must be told when the process ends.
#[derive(Debug, Default)]
#[must_use]
pub struct Guard {
    registry: Option<Registry>,
    tracer: Option<SdkTracerProvider>,
    meter: Option<SdkMeterProvider>,
    logger: Option<SdkLoggerProvider>,
}

impl Guard {
    /// Gives the metrics for the admin port, if they do not go to a collector.
    pub fn registry(&self) -> Option<Registry> {
        self.registry.clone()
    }

    /// Sends what waits, but never waits long: a dead collector does not hold up the exit.
    pub async fn shutdown(self) {
        let (done, last) = tokio::sync::oneshot::channel::<()>();
        // A thread of its own: the runtime would wait for a blocking task at its end, however long that took.
        std::thread::spawn(move || {
            // Whether the collector took the last of it is nothing that the process could mend.
            _ = self.tracer.map(|it| it.shutdown_with_timeout(SHUTDOWN));
            _ = self.logger.map(|it| it.shutdown_with_timeout(SHUTDOWN));
            _ = self.meter.map(|it| it.shutdown_with_timeout(SHUTDOWN));
            drop(done);
        });
        _ = tokio::time::timeout(SHUTDOWN, last).await;
    }
}

/// Starts the exports and gives the layers that feed them.
pub(super) fn start<S>(
    service: &'static str,
    settings: &TelemetrySettings,
) -> Result<(Guard, Option<Boxed<S>>), InitError>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    let resource = Resource::builder()
        .with_service_name(service)
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        // New at each start, as the conventions for resources advise: two instances are never one series.
        .with_attribute(KeyValue::new("service.instance.id", instance_id()))
        .build();
    match settings.collector() {
        None => Ok((prometheus(resource)?, None)),
        Some(endpoint) => {
            let guard = collector(endpoint, settings, resource)?;
            let layers = layers(&guard);
            span::collect();
            Ok((guard, layers))
        }
    }
}

fn instance_id() -> String {
    Ids::system(Clock::system()).request_id().to_string()
}

fn prometheus(resource: Resource) -> Result<Guard, InitError> {
    let registry = Registry::new();
    let exporter = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .build()
        .map_err(|_| InitError::Metrics)?;
    let meter = SdkMeterProvider::builder()
        .with_resource(resource)
        .with_reader(exporter)
        .build();
    global::set_meter_provider(meter.clone());
    Ok(Guard {
        registry: Some(registry),
        meter: Some(meter),
        ..Guard::default()
    })
}

fn collector(
    endpoint: &str,
    settings: &TelemetrySettings,
    resource: Resource,
) -> Result<Guard, InitError> {
    let failed = |_| InitError::Collector;
    let spans = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(EXPORT)
        .build()
        .map_err(failed)?;
    let metrics = MetricExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(EXPORT)
        .build()
        .map_err(failed)?;
    let logs = LogExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(EXPORT)
        .build()
        .map_err(failed)?;
    let share = f64::from(settings.trace_sample_permille) / 1_000.0;
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(share)));
    let tracer = SdkTracerProvider::builder()
        .with_resource(resource.clone())
        .with_sampler(sampler)
        .with_batch_exporter(spans)
        .build();
    let meter = SdkMeterProvider::builder()
        .with_resource(resource.clone())
        .with_periodic_exporter(metrics)
        .build();
    let logger = SdkLoggerProvider::builder()
        .with_resource(resource)
        .with_batch_exporter(logs)
        .build();
    global::set_meter_provider(meter.clone());
    Ok(Guard {
        registry: None,
        tracer: Some(tracer),
        meter: Some(meter),
        logger: Some(logger),
    })
}

fn layers<S>(guard: &Guard) -> Option<Boxed<S>>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    let quiet = Targets::new()
        .with_default(LevelFilter::INFO)
        .with_targets(OWN_NOISE.map(|target| (target, LevelFilter::OFF)));
    let spans = tracing_opentelemetry::layer()
        .with_tracer(guard.tracer.as_ref()?.tracer("redress"))
        .with_location(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_threads(false)
        .with_filter(quiet.clone());
    let logs = OpenTelemetryTracingBridge::new(guard.logger.as_ref()?).with_filter(quiet);
    Some(Box::new(vec![spans.boxed(), logs.boxed()]))
}
