//! The way out: every answer that is not OK gets its one reason, and streams end when they must.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderMap, Response, StatusCode};
use http_body::Frame;
use prost::bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::{CancellationToken, DropGuard, WaitForCancellationFutureOwned};
use tonic::body::Body;
use tonic::{Code, Status};

use super::body::Received;
use super::call::Call;
use super::headers::ACCEPTED;
use super::seats::OpenCall;
use crate::kernel::fault::{self, Fault, Reason};

/// How long a stream may go on by itself after the drain began.
const STREAM_GRACE: Duration = Duration::from_secs(1);
/// How long after its deadline a stream may wait for a peer that reads nothing, before the connection is cut.
const OVERDUE: Duration = Duration::from_millis(if cfg!(test) { 2_000 } else { 5_000 });
/// What a caller is asked to wait when tonic refused for want of room.
const SHED_RETRY: Duration = Duration::from_secs(1);

/// What tonic's own INTERNAL errors about a request's bytes begin with.
const MALFORMED: [&str; 5] = [
    "failed to decode",
    "Missing request message",
    "Unexpected EOF",
    "protocol error",
    "Error decompressing",
];

/// Makes a refusal of the call.
pub(super) fn refuse(mut call: Call, fault: Fault) -> Response<Body> {
    let reason = fault.reason();
    call.end(reason.code(), Some(reason));
    let mut response = Status::from(fault).into_http();
    if reason == Reason::EncodingUnknown {
        let (name, value) = ACCEPTED;
        response.headers_mut().insert(name, value);
    }
    response
}

/// Refuses what is not gRPC, in a way that any HTTP client understands.
pub(super) fn wrong_media_type(mut call: Call) -> Response<Body> {
    call.end(Code::InvalidArgument, Some(Reason::MalformedMessage));
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    response
}

/// Gives a status its one reason; what a handler said already stays.
pub(super) fn with_reason(status: Status) -> (Status, Reason) {
    if let Some(reason) = fault::reason_of(&status) {
        return (status, reason);
    }
    let reason = match status.code() {
        // What tonic says when a deadline passes; we come first, but not by much.
        Code::Cancelled if status.message().contains("Timeout") => Reason::DeadlineExceeded,
        Code::Cancelled => Reason::CallCanceled,
        Code::InvalidArgument => Reason::InvalidRequest,
        Code::DeadlineExceeded => Reason::DeadlineExceeded,
        Code::NotFound => Reason::NameNotFound,
        Code::PermissionDenied => Reason::CallerNotAllowed,
        Code::Unauthenticated => Reason::CallerUnknown,
        Code::Unimplemented => Reason::MethodUnknown,
        Code::Unavailable => Reason::ShuttingDown,
        Code::OutOfRange => Reason::MessageTooLarge,
        Code::ResourceExhausted if status.message().contains("decompress") => {
            Reason::MessageTooLarge
        }
        Code::ResourceExhausted => Reason::Overloaded,
        Code::Internal if MALFORMED.iter().any(|m| status.message().starts_with(m)) => {
            Reason::MalformedMessage
        }
        Code::Ok
        | Code::Unknown
        | Code::AlreadyExists
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::Internal
        | Code::DataLoss => Reason::Internal,
    };
    let mut fault = Fault::new(reason);
    if reason == Reason::Overloaded {
        fault = fault.retry_after(SHED_RETRY);
    }
    (fault.into(), reason)
}

/// When a stream must end though its handler goes on.
pub(super) struct Ends {
    pub(super) deadline: Option<Instant>,
    pub(super) draining: CancellationToken,
    /// Closes the connection.
    pub(super) cut: CancellationToken,
    /// The place of a stream's work.
    pub(super) permit: Option<OwnedSemaphorePermit>,
}

/// What a call holds of its caller's share and of its connection until its last byte is sent.
pub(super) struct Held {
    pub(super) _place: OwnedSemaphorePermit,
    pub(super) _call: OpenCall,
}

/// What became of a call.
pub(super) struct Answered {
    pub(super) response: Response<Body>,
    pub(super) received: Received,
    pub(super) held: Held,
}

/// Sends an answer on its way: errors get their reason, the call is told about at its end.
pub(super) fn finish(answered: Answered, mut call: Call, ends: Option<Ends>) -> Response<Body> {
    let Answered {
        response,
        received,
        held,
    } = answered;
    if let Some(status) = Status::from_header_map(response.headers()) {
        if status.code() == Code::Ok {
            call.end(Code::Ok, None);
            return response;
        }
        let (status, reason) = told(&received, status);
        call.end(status.code(), Some(reason));
        return status.into_http();
    }
    response.map(|body| {
        Body::new(Tail {
            body: Some(body),
            call,
            received,
            clock: ends.map(Clocked::new),
            _held: held,
        })
    })
}

/// What was wrong with the request's bytes explains an error better than whoever read them can.
fn told(received: &Received, status: Status) -> (Status, Reason) {
    match received.fault() {
        Some(fault) => (fault.clone().into(), fault.reason()),
        None => with_reason(status),
    }
}

/// The clocks of a stream.
struct Clocked {
    deadline: Option<Pin<Box<Sleep>>>,
    draining: Pin<Box<WaitForCancellationFutureOwned>>,
    grace: Option<Pin<Box<Sleep>>>,
    _watched: Option<DropGuard>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Clocked {
    fn new(ends: Ends) -> Self {
        let sleep = |at| Box::pin(tokio::time::sleep_until(at));
        Self {
            deadline: ends.deadline.map(sleep),
            draining: Box::pin(ends.draining.cancelled_owned()),
            grace: None,
            _watched: ends.deadline.map(|deadline| watch(deadline, ends.cut)),
            _permit: ends.permit,
        }
    }

    /// Tells why the stream must end now, if it must.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Reason> {
        if let Some(deadline) = &mut self.deadline
            && deadline.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Reason::DeadlineExceeded);
        }
        if self.grace.is_none() && self.draining.as_mut().poll(cx).is_ready() {
            self.grace = Some(Box::pin(tokio::time::sleep(STREAM_GRACE)));
        }
        match &mut self.grace {
            Some(grace) => grace.as_mut().poll(cx).map(|()| Reason::ShuttingDown),
            None => Poll::Pending,
        }
    }
}

/// Cuts the connection if the stream is still there well after its deadline: a body is not asked for anything while its
/// peer reads nothing, and what its handler holds would be held for ever.
fn watch(deadline: Instant, cut: CancellationToken) -> DropGuard {
    let ended = CancellationToken::new();
    let guard = ended.clone().drop_guard();
    tokio::spawn(async move {
        tokio::select! {
            () = ended.cancelled() => {}
            () = tokio::time::sleep_until(deadline + OVERDUE) => cut.cancel(),
        }
    });
    guard
}

/// The body of an answer up to its trailers.
struct Tail {
    body: Option<Body>,
    call: Call,
    received: Received,
    clock: Option<Clocked>,
    _held: Held,
}

type Framed = Frame<Bytes>;

impl Tail {
    /// Ends the body with a status of ours.
    fn end(&mut self, status: &Status, reason: Reason) -> Framed {
        self.body = None;
        self.call.end(status.code(), Some(reason));
        let mut trailers = HeaderMap::new();
        if status.add_header(&mut trailers).is_err() {
            trailers.insert("grpc-status", http::HeaderValue::from_static("13"));
        }
        Frame::trailers(trailers)
    }

    fn end_with(&mut self, reason: Reason) -> Framed {
        self.end(&Fault::new(reason).into(), reason)
    }

    fn trailers(&mut self, trailers: HeaderMap) -> Framed {
        let status = Status::from_header_map(&trailers);
        if let Some(status) = status.filter(|status| status.code() != Code::Ok) {
            let (status, reason) = told(&self.received, status);
            return self.end(&status, reason);
        }
        self.call.end(Code::Ok, None);
        Frame::trailers(trailers)
    }
}

impl http_body::Body for Tail {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Framed, Status>>> {
        let this = &mut *self;
        if this.body.is_none() {
            return Poll::Ready(None);
        }
        if let Some(clock) = &mut this.clock
            && let Poll::Ready(reason) = clock.poll(cx)
        {
            return Poll::Ready(Some(Ok(this.end_with(reason))));
        }
        let Some(body) = &mut this.body else {
            return Poll::Ready(None);
        };
        let span = this.call.span().clone();
        let trace = this.call.trace();
        let polled = catch_unwind(AssertUnwindSafe(|| {
            trace.enter(|| span.in_scope(|| Pin::new(body).poll_frame(cx)))
        }));
        let frame = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(frame)) => frame,
            Err(_) => return Poll::Ready(Some(Ok(this.end_with(Reason::Internal)))),
        };
        Poll::Ready(match frame {
            Some(Ok(frame)) => match frame.into_trailers() {
                Ok(trailers) => Some(Ok(this.trailers(trailers))),
                Err(data) => Some(Ok(data)),
            },
            Some(Err(status)) => {
                let (status, reason) = told(&this.received, status);
                Some(Ok(this.end(&status, reason)))
            }
            None => {
                this.body = None;
                this.call.end(Code::Ok, None);
                None
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tonic_says_gets_our_code_and_reason() {
        for (status, reason) in [
            (
                Status::cancelled("Timeout expired"),
                Reason::DeadlineExceeded,
            ),
            (
                Status::out_of_range("Error, decoded message length too large"),
                Reason::MessageTooLarge,
            ),
            (
                Status::resource_exhausted("Too many active requests"),
                Reason::Overloaded,
            ),
            (
                Status::internal("failed to decode Protobuf message: invalid wire type"),
                Reason::MalformedMessage,
            ),
            (
                Status::internal("Missing request message."),
                Reason::MalformedMessage,
            ),
            (Status::internal("disk on fire at /var"), Reason::Internal),
            (Status::unknown("canary"), Reason::Internal),
            (Status::unimplemented(""), Reason::MethodUnknown),
        ] {
            let (mapped, got) = with_reason(status);
            assert_eq!(got, reason);
            assert_eq!(mapped.code(), reason.code());
            assert_eq!(mapped.message(), reason.text());
            assert_eq!(fault::reason_of(&mapped), Some(reason));
        }
    }

    #[test]
    fn what_a_handler_says_stays() {
        let fault = Fault::new(Reason::CodeNotAccepted).metadata("a", "b");
        let (status, reason) = with_reason(fault.clone().into());
        assert_eq!(reason, Reason::CodeNotAccepted);
        assert_eq!(status.details(), Status::from(fault).details());
    }

    #[test]
    fn a_shed_call_says_when_to_come_back() {
        let (status, _) = with_reason(Status::resource_exhausted("Too many active requests"));
        assert_eq!(fault::retry_after_of(&status), Some(SHED_RETRY));
    }
}
