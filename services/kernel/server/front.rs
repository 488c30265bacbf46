//! The way in: who calls, may they, is there room, and until when.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::service::Routes;
use tracing::Instrument;

use super::access::{Access, Kind, Table};
use super::answer::{self, Answered, Ends, Held};
use super::body::{Received, Rules, Watched};
use super::call::Call;
use super::connection::ConnectionInfo;
use super::headers::{ahead_of, check_encoding, client_timeout, is_grpc};
use crate::kernel::caller;
use crate::kernel::certs::Certificates;
use crate::kernel::fault::{Fault, Reason};
use crate::kernel::settings::Limits;
use crate::kernel::telemetry::RpcMetrics;

/// What a shed caller is asked to wait.
const SHED_RETRY: Duration = Duration::from_secs(1);

/// When the call must have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// Gives the time that is left.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

#[derive(Clone)]
struct Draining(CancellationToken);

/// Gives the deadline of a request; a stream may have none.
pub fn deadline_of<T>(request: &tonic::Request<T>) -> Option<Deadline> {
    request.extensions().get().copied()
}

/// Gives the token that is canceled when the process drains: a stream should end itself soon after.
pub fn draining_of<T>(request: &tonic::Request<T>) -> CancellationToken {
    let draining = request.extensions().get::<Draining>();
    draining.map_or_else(CancellationToken::new, |draining| draining.0.clone())
}

#[derive(Clone, Copy)]
struct Largest(usize);

/// Gives the most bytes that an answer to this request may have.
pub fn largest_of<T>(request: &tonic::Request<T>) -> usize {
    let largest = request.extensions().get::<Largest>();
    largest.map_or(usize::MAX, |Largest(bytes)| *bytes)
}

/// What all calls share.
pub(super) struct Shared {
    pub(super) table: Table,
    pub(super) limits: Limits,
    pub(super) unary: Arc<Semaphore>,
    pub(super) streams: Arc<Semaphore>,
    pub(super) draining: CancellationToken,
    pub(super) certificates: Arc<Certificates>,
    pub(super) metrics: RpcMetrics,
}

/// The service in front of all services.
#[derive(Clone)]
pub(super) struct Front {
    pub(super) shared: Arc<Shared>,
    pub(super) routes: Routes,
}

impl tower::Service<Request<Body>> for Front {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let shared = Arc::clone(&self.shared);
        let routes = self.routes.clone();
        async move { Ok(shared.answer(routes, request).await) }.boxed()
    }
}

/// A call that was let in.
struct Admitted {
    row: &'static Access,
    permit: Option<OwnedSemaphorePermit>,
    held: Held,
    received: Received,
    deadline: Option<Instant>,
    cut: CancellationToken,
}

impl Shared {
    async fn answer(&self, routes: Routes, mut request: Request<Body>) -> Response<Body> {
        let row = self.table.find(request.uri().path());
        let traceparent = header(request.headers(), "traceparent");
        let mut call = Call::begin(row, traceparent, &self.metrics);
        if !is_grpc(request.headers()) {
            return answer::wrong_media_type(call);
        }
        match self.admit(row, &mut request, &mut call) {
            Ok(admitted) => self.run(routes, request, call, admitted).await,
            Err(fault) => answer::refuse(call, fault),
        }
    }

    fn admit(
        &self,
        row: Option<&'static Access>,
        request: &mut Request<Body>,
        call: &mut Call,
    ) -> Result<Admitted, Fault> {
        let connection = request.extensions().get::<ConnectionInfo>().cloned();
        let connection = connection.ok_or_else(|| Fault::new(Reason::CallerUnknown))?;
        let caller = connection.caller.clone();
        let caller = caller.ok_or_else(|| Fault::new(Reason::CallerUnknown))?;
        call.identify(caller.clone());
        // Asked at every call: a connection may have been made before its certificate was revoked.
        if (self.certificates).is_revoked(&caller, connection.serial.as_deref()) {
            tracing::warn!(%caller, "a caller was refused: its certificate is revoked");
            return Err(Fault::new(Reason::CallerUnknown));
        }
        let row = row.ok_or_else(|| Fault::new(Reason::MethodUnknown))?;
        if !row.roles.contains(&caller.role) {
            return Err(Fault::new(Reason::CallerNotAllowed));
        }
        let headers = std::mem::take(request.headers_mut());
        let read = self.read(row, &headers, |headers| {
            if row.is_infrastructure() {
                return Ok(());
            }
            caller::read_metadata(&caller, headers, request.extensions_mut())
        });
        *request.headers_mut() = headers;
        let deadline = read?;
        let held = Held {
            _place: connection.share.place(row)?,
            _call: connection.usage.begin(),
        };
        let permit = self.permit(row)?;
        let extensions = request.extensions_mut();
        extensions.insert(caller);
        extensions.insert(Draining(self.draining.clone()));
        extensions.insert(Largest(self.limits.max_message_bytes));
        if let Some(deadline) = deadline {
            extensions.insert(Deadline(deadline));
        }
        let received = Received::default();
        let rules = Rules {
            single: self.table.takes_one(row),
            limit: self.limits.request_timeout,
            largest: self.limits.max_message_bytes,
            share: connection.share,
        };
        let body = std::mem::take(request.body_mut());
        *request.body_mut() = Body::new(Watched::new(body, rules, received.clone()));
        Ok(Admitted {
            row,
            permit,
            held,
            received,
            deadline,
            cut: connection.cut,
        })
    }

    /// Reads what the headers say, and gives when the call must have ended.
    fn read(
        &self,
        row: &Access,
        headers: &HeaderMap,
        metadata: impl FnOnce(&HeaderMap) -> Result<(), Fault>,
    ) -> Result<Option<Instant>, Fault> {
        check_encoding(headers)?;
        let client = client_timeout(headers)?;
        metadata(headers)?;
        Ok(self.deadline(row, client))
    }

    /// The earliest of the client's deadline, the method's and, for a unary call, the process's.
    fn deadline(&self, row: &Access, client: Option<Duration>) -> Option<Instant> {
        let client = client.map(ahead_of);
        let process = (row.kind == Kind::Unary).then_some(self.limits.max_deadline);
        let limits = [client, process, Some(row.deadline)];
        let limit = limits.into_iter().flatten().min()?;
        // Nothing runs as long as an instant can reach; only a stream without a deadline asks for it.
        Instant::now().checked_add(limit)
    }

    /// Takes a place for the work, which health and reflection are not.
    fn permit(&self, row: &Access) -> Result<Option<OwnedSemaphorePermit>, Fault> {
        if row.is_infrastructure() {
            return Ok(None);
        }
        let semaphore = match row.kind {
            Kind::Unary => &self.unary,
            Kind::Stream => &self.streams,
        };
        match Arc::clone(semaphore).try_acquire_owned() {
            Ok(permit) => Ok(Some(permit)),
            Err(_) if !row.shed => Ok(None),
            Err(_) => Err(Fault::new(Reason::Overloaded).retry_after(SHED_RETRY)),
        }
    }

    async fn run(
        &self,
        mut routes: Routes,
        request: Request<Body>,
        call: Call,
        admitted: Admitted,
    ) -> Response<Body> {
        let trace = call.trace();
        let span = call.span().clone();
        let handled = AssertUnwindSafe(tower::Service::call(&mut routes, request)).catch_unwind();
        let handled = trace.scope(handled).instrument(span);
        let handled = match admitted.deadline {
            Some(deadline) => tokio::time::timeout_at(deadline, handled).await,
            None => Ok(handled.await),
        };
        let response = match handled {
            Ok(Ok(Ok(response))) => response,
            Ok(Ok(Err(impossible))) => match impossible {},
            Ok(Err(_panic)) => return answer::refuse(call, Fault::new(Reason::Internal)),
            Err(_elapsed) => return answer::refuse(call, Fault::new(Reason::DeadlineExceeded)),
        };
        let answered = Answered {
            response,
            received: admitted.received,
            held: admitted.held,
        };
        if admitted.row.kind == Kind::Unary {
            // The work is done: a peer that is slow to read must not keep others out.
            drop(admitted.permit);
            return answer::finish(answered, call, None);
        }
        let ends = Ends {
            deadline: admitted.deadline,
            draining: self.draining.clone(),
            cut: admitted.cut,
            permit: admitted.permit,
        };
        answer::finish(answered, call, Some(ends))
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
