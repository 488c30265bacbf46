//! What is told about a call: one log line, one measurement, one span.

use std::borrow::Cow;
use std::time::Instant;

use tonic::Code;
use tracing::Span;

use super::access::Access;
use crate::kernel::caller::Caller;
use crate::kernel::fault::Reason;
use crate::kernel::telemetry::{self, RpcMetrics, Trace};

/// The method name for calls to methods that do not exist, so that nobody can fill the metrics with names.
const OTHER: &str = "_OTHER";

/// A call from its headers to its last byte. Told about once, also when the client goes away.
pub(super) struct Call {
    started: Instant,
    row: Option<&'static Access>,
    caller: Option<Caller>,
    trace: Trace,
    span: Span,
    metrics: RpcMetrics,
    told: bool,
}

impl Call {
    pub(super) fn begin(
        row: Option<&'static Access>,
        traceparent: Option<&str>,
        metrics: &RpcMetrics,
    ) -> Self {
        let (trace, span) = telemetry::server_span(method(row), traceparent);
        Self {
            started: Instant::now(),
            row,
            caller: None,
            trace,
            span,
            metrics: metrics.clone(),
            told: false,
        }
    }

    pub(super) fn identify(&mut self, caller: Caller) {
        self.caller = Some(caller);
    }

    pub(super) fn trace(&self) -> Trace {
        self.trace
    }

    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    /// Tells how the call ended.
    pub(super) fn end(&mut self, code: Code, reason: Option<Reason>) {
        if std::mem::replace(&mut self.told, true) {
            return;
        }
        let elapsed = self.started.elapsed();
        let method = method(self.row);
        let code_name = code_name(code);
        telemetry::end_server_span(&self.span, code_name, is_failure(code));
        self.metrics
            .record(method, code_name, is_failure(code), elapsed);
        let caller = self.caller.as_ref();
        let caller = caller.map_or(Cow::Borrowed("-"), |caller| caller.to_string().into());
        let reason = reason.map_or("", Reason::as_str);
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let trace_id = self.trace.trace_id();
        let _within = self.span.enter();
        // The level is part of a line's static description, hence three of them.
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: "redress::rpc",
                    method, caller = &*caller, code = code_name, reason, micros, trace_id, "call"
                )
            };
        }
        let quiet = code == Code::Ok && self.row.is_some_and(Access::is_infrastructure);
        if is_failure(code) {
            line!(warn);
        } else if quiet {
            line!(debug);
        } else {
            line!(info);
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        // The client has gone: nobody reads the answer, but the line is written.
        self.end(Code::Cancelled, Some(Reason::CallCanceled));
    }
}

fn method(row: Option<&'static Access>) -> &'static str {
    row.map_or(OTHER, |row| row.path.trim_start_matches('/'))
}

/// The codes that are the server's failure and not the caller's (RPC semantic conventions).
fn is_failure(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}

fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
