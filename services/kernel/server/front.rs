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
use tonic::transport::server::TlsConnectInfo;
use tracing::Instrument;

use super::access::{Access, Kind, Table};
use super::answer::{self, Ends};
use super::call::Call;
use super::listen::ConnectionInfo;
use super::timeout::{ahead_of, client_timeout};
use crate::kernel::caller::{self, Caller};
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
    deadline: Option<Instant>,
    cut: CancellationToken,
}

impl Shared {
    async fn answer(&self, routes: Routes, mut request: Request<Body>) -> Response<Body> {
        let row = self.table.find(request.uri().path());
        let traceparent = header(request.headers(), "traceparent");
        let mut call = Call::begin(row, traceparent, &self.metrics);
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
        let connection = request
            .extensions()
            .get::<TlsConnectInfo<ConnectionInfo>>()
            .ok_or_else(|| Fault::new(Reason::CallerUnknown))?;
        let caller = caller_of(connection).ok_or_else(|| Fault::new(Reason::CallerUnknown))?;
        let cut = connection.get_ref().cut.clone();
        call.identify(caller.clone());
        if self.is_revoked(connection, &caller) {
            return Err(Fault::new(Reason::CallerUnknown));
        }
        let row = row.ok_or_else(|| Fault::new(Reason::MethodUnknown))?;
        if !row.roles.contains(&caller.role) {
            return Err(Fault::new(Reason::CallerNotAllowed));
        }
        let headers = std::mem::take(request.headers_mut());
        let deadline = self.deadline(row, &headers);
        let read = if row.is_infrastructure() {
            Ok(())
        } else {
            caller::read_metadata(&caller, &headers, request.extensions_mut())
        };
        *request.headers_mut() = headers;
        read?;
        let permit = self.permit(row)?;
        let extensions = request.extensions_mut();
        extensions.insert(caller);
        extensions.insert(Draining(self.draining.clone()));
        if let Some(deadline) = deadline {
            extensions.insert(Deadline(deadline));
        }
        Ok(Admitted {
            row,
            permit,
            deadline,
            cut,
        })
    }

    /// Asked at every call: a connection may have been made before its certificate was revoked.
    fn is_revoked(&self, connection: &TlsConnectInfo<ConnectionInfo>, caller: &Caller) -> bool {
        let certificates = connection.peer_certs();
        let first = certificates.as_ref().and_then(|chain| chain.first());
        first.is_none_or(|der| self.certificates.is_revoked(caller, der))
    }

    /// The earliest of the client's deadline, the method's and, for a unary call, the process's.
    fn deadline(&self, row: &Access, headers: &HeaderMap) -> Option<Instant> {
        let client = client_timeout(headers).map(ahead_of);
        let process = (row.kind == Kind::Unary).then_some(self.limits.max_deadline);
        let limits = [client, process, Some(row.deadline)];
        let limit = limits.into_iter().flatten().min()?;
        // Nothing runs as long as an instant can reach; only a stream without a deadline asks for it.
        Instant::now().checked_add(limit)
    }

    fn permit(&self, row: &Access) -> Result<Option<OwnedSemaphorePermit>, Fault> {
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
        if admitted.row.kind == Kind::Unary {
            // The work is done: a peer that is slow to read must not keep others out.
            return answer::finish(response, call, None, None);
        }
        let ends = Ends {
            deadline: admitted.deadline,
            draining: self.draining.clone(),
            cut: admitted.cut,
        };
        answer::finish(response, call, admitted.permit, Some(ends))
    }
}

/// Reads the caller from the connection's certificate, once a connection.
fn caller_of(connection: &TlsConnectInfo<ConnectionInfo>) -> Option<Caller> {
    let caller = connection.get_ref().caller.get_or_init(|| {
        let certificates = connection.peer_certs()?;
        Caller::from_certificate(certificates.first()?)
    });
    caller.clone()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
