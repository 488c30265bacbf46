//! Health: the process is alive (`""`), and each service can serve.
//!
//! Written here because tonic-health ends a watch of an unknown service with NOT_FOUND, where the protocol wants
//! SERVICE_UNKNOWN and an open stream.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::Health as Protocol;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::{Probe, Readiness};

/// How often the probe is asked.
const PERIOD: Duration = Duration::from_secs(1);
/// When a probe counts as failed.
const LIMIT: Duration = Duration::from_secs(2);

type Statuses = BTreeMap<&'static str, ServingStatus>;

/// Tells the world whether the process can serve.
pub(super) struct Health {
    names: Vec<&'static str>,
    statuses: watch::Sender<Statuses>,
    ready: watch::Sender<Readiness>,
}

impl Health {
    /// The process is alive, and none of these services can serve yet.
    pub(super) fn new(names: Vec<&'static str>, ready: watch::Sender<Readiness>) -> Self {
        let mut statuses = Statuses::from([("", ServingStatus::Serving)]);
        statuses.extend(names.iter().map(|name| (*name, ServingStatus::NotServing)));
        Self {
            names,
            statuses: watch::Sender::new(statuses),
            ready,
        }
    }

    /// Gives the service that callers ask.
    pub(super) fn service(&self) -> HealthService {
        HealthService(self.statuses.clone())
    }

    /// Asks the probe until the drain begins, then says that nothing is served any more.
    pub(super) async fn watch(self, probe: Probe, draining: CancellationToken) {
        loop {
            let asked = tokio::time::timeout(LIMIT, probe());
            let ready = tokio::select! {
                () = draining.cancelled() => break,
                answer = asked => answer.unwrap_or_else(|_| Err("nothing answers in time".to_owned())),
            };
            self.tell(&ready);
            tokio::select! {
                () = draining.cancelled() => break,
                () = tokio::time::sleep(PERIOD) => {}
            }
        }
        self.tell(&Err("stopping".to_owned()));
        self.set(&[""], ServingStatus::NotServing);
    }

    fn tell(&self, ready: &Readiness) {
        let status = if ready.is_ok() {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        self.set(&self.names, status);
        let before = self.ready.send_replace(ready.clone());
        if before != *ready {
            let why = ready.as_ref().err();
            tracing::info!(ready = ready.is_ok(), why, "readiness changed");
        }
    }

    fn set(&self, names: &[&'static str], status: ServingStatus) {
        self.statuses.send_if_modified(|statuses| {
            let mut changed = false;
            for name in names {
                changed |= statuses.insert(name, status) != Some(status);
            }
            changed
        });
    }
}

/// The protocol, over the statuses.
#[derive(Clone)]
pub(super) struct HealthService(watch::Sender<Statuses>);

#[tonic::async_trait]
impl Protocol for HealthService {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let status = self.0.borrow().get(&*request.get_ref().service).copied();
        let status = status.ok_or_else(|| Status::not_found(""))?;
        Ok(Response::new(response(status)))
    }

    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let service = request.into_inner().service;
        let mut last = None;
        let changes = WatchStream::new(self.0.subscribe()).filter_map(move |statuses| {
            let status = statuses.get(&*service).copied();
            let status = status.unwrap_or(ServingStatus::ServiceUnknown);
            let changed = last.replace(status) != Some(status);
            std::future::ready(changed.then(|| Ok(response(status))))
        });
        Ok(Response::new(changes.boxed()))
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}
