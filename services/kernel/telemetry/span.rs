//! Spans, which exist only when a collector wants them.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt, TraceState};
use tracing::field::Empty;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::trace::Trace;

/// Whether somebody collects spans. Without, none are made: they cost more than the rest of a call's bookkeeping.
static COLLECTED: AtomicBool = AtomicBool::new(false);

pub(super) fn collect() {
    COLLECTED.store(true, Ordering::Relaxed);
}

fn collected() -> bool {
    COLLECTED.load(Ordering::Relaxed)
}

/// Starts the span of a call that came in.
pub(in crate::kernel) fn server_span(
    method: &'static str,
    traceparent: Option<&str>,
) -> (Trace, Span) {
    if !collected() {
        return (Trace::below(traceparent), Span::none());
    }
    let span = tracing::info_span!(
        target: "redress::span",
        "rpc",
        otel.name = method,
        otel.kind = "server",
        rpc.system.name = "grpc",
        rpc.method = method,
        rpc.status_code = Empty,
        error.type = Empty,
        otel.status_code = Empty,
    );
    (place(&span, traceparent), span)
}

/// Ends the span of a call.
pub(in crate::kernel) fn end_server_span(span: &Span, code: &'static str, failed: bool) {
    span.record("rpc.status_code", code);
    if failed {
        span.record("error.type", code);
        span.record("otel.status_code", "ERROR");
    }
}

/// Runs work in the trace of a `traceparent` header, or in a new one: a handoff, a poll, a job. The name is the span's.
pub async fn in_trace<F: Future>(
    name: &'static str,
    traceparent: Option<&str>,
    work: F,
) -> F::Output {
    if !collected() {
        return Trace::below(traceparent).scope(work).await;
    }
    let span = tracing::info_span!(
        target: "redress::span",
        "work",
        otel.name = name,
        otel.kind = "internal",
    );
    let trace = place(&span, traceparent);
    trace.scope(work.instrument(span)).await
}

/// Gives the current place as a `traceparent` header, to send along or to keep with work for later.
pub fn current_traceparent() -> Option<String> {
    let of_span = collected().then(|| read(&Span::current())).flatten();
    of_span
        .or_else(Trace::current)
        .map(|trace| trace.to_string())
}

/// Puts a span below a header's place and gives its own.
fn place(span: &Span, traceparent: Option<&str>) -> Trace {
    let parent = traceparent.and_then(Trace::parse);
    if let Some(parent) = parent {
        // Fails only for a span that has been started, which this one has not.
        _ = span.set_parent(Context::new().with_remote_span_context(context(parent)));
    }
    read(span).unwrap_or_else(|| Trace::below(traceparent))
}

fn context(trace: Trace) -> SpanContext {
    let (id, span, flags) = trace.parts();
    SpanContext::new(
        id.into(),
        span.into(),
        opentelemetry::TraceFlags::new(flags),
        true,
        TraceState::default(),
    )
}

fn read(span: &Span) -> Option<Trace> {
    let context = span.context();
    let context = context.span().span_context().clone();
    context.is_valid().then(|| {
        Trace::from_parts(
            u128::from_be_bytes(context.trace_id().to_bytes()),
            u64::from_be_bytes(context.span_id().to_bytes()),
            context.trace_flags().to_u8(),
        )
    })
}
