//! From a built server to its end.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic_health::pb::health_server::HealthServer;
use tonic_reflection::pb::v1::server_reflection_server::ServerReflectionServer as ReflectionV1;
use tonic_reflection::pb::v1alpha::server_reflection_server::ServerReflectionServer as ReflectionV1Alpha;

use super::admin::{self, Admin};
use super::connection::{self, Door};
use super::front::{Front, Shared};
use super::health::Health;
use super::listen::{BindError, Listener, bind, bind_as};
use super::reflection::{Catalogue, Reflection};
use super::seats::Seats;
use super::share::Shares;
use super::tuned::{Tuned, tuned};
use super::{Builder, Probe, Server};
use crate::kernel::certs::{Certificates, TlsError};
use crate::kernel::clock::Clock;
use crate::kernel::lifecycle::{Lifecycle, Step};
use crate::kernel::settings::Limits;
use crate::kernel::telemetry::RpcMetrics;

const KEEPALIVE: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections are closed gently at this age, so that clients spread again after a restart, and with the certificates of today.
const CONNECTION_AGE: Duration = Duration::from_mins(30);
const MAX_HEADER_BYTES: u32 = 16 * 1024;
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;

/// The files with `google.rpc.Status` and its details, as tonic-types names them: tools decode errors by reflection.
const ERRORS: [&str; 2] = ["status.proto", "error_details.proto"];
/// What every process serves beside its own services.
const INFRASTRUCTURE: [&str; 3] = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

tuned!(HealthServer, ReflectionV1, ReflectionV1Alpha);

/// Why a server did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A port cannot be opened.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The certificates cannot be read.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The descriptor set cannot be reflected.
    #[error("the descriptor set cannot be reflected")]
    Reflection(#[from] prost::DecodeError),
    /// The server broke.
    #[error("the server stopped by itself")]
    Transport(#[source] tonic::transport::Error),
}

impl Server {
    /// Serves until the process drains, then waits for open calls, but never longer than their share of the budget.
    pub async fn serve(self, life: &Lifecycle) -> Result<(), ServeError> {
        let Self { mut parts, table } = self;
        let listener = match parts.listener.take() {
            Some(listener) => listener,
            None => bind(parts.settings.listen).await?,
        };
        let admin = match parts.admin.take() {
            Some(listener) => listener,
            None => bind_as(parts.settings.admin_listen, "admin_listen").await?,
        };
        let limits = parts.settings.limits;
        let certificates = Arc::new(Certificates::load(&parts.settings, Clock::system())?);
        let watch = Arc::clone(&certificates);
        tokio::spawn(watch.watch(parts.settings.tls_check_interval, life.token()));
        let (ready, readiness) = watch::channel(Err("starting".to_owned()));
        let health = Health::new(parts.names.clone(), ready);
        let front = Front {
            routes: routes(&parts, &health)?.prepare(),
            shared: Arc::new(Shared {
                table,
                limits,
                unary: Arc::new(Semaphore::new(limits.max_concurrency)),
                streams: Arc::new(Semaphore::new(limits.max_streams)),
                draining: life.token(),
                certificates: Arc::clone(&certificates),
                metrics: RpcMetrics::new(),
            }),
        };
        let health = tokio::spawn(health.watch(probe(parts.probe, &certificates), life.token()));
        let over = CancellationToken::new();
        let _over = over.clone().drop_guard();
        let pages = Admin {
            ready: readiness,
            metrics: parts.metrics,
        };
        tracing::info!(listen = %listener.address(), admin = %admin.address(), "serving");
        tokio::spawn(admin::serve(admin, pages, over.cancelled_owned()));
        let connections = Connections {
            transport: transport(&limits),
            front,
            listener,
            door: Door {
                certificates,
                seats: Seats::new(limits),
                shares: Shares::new(limits),
                limit: limits.handshake_timeout,
                closing: CancellationToken::new(),
            },
        };
        // Watchers of health must hear NOT_SERVING before the port closes.
        let told = async {
            life.draining().await;
            drop(health.await);
        };
        connections.serve(life, told).await
    }
}

struct Connections {
    transport: tonic::transport::Server,
    front: Front,
    listener: Listener,
    door: Door,
}

impl Connections {
    async fn serve(
        self,
        life: &Lifecycle,
        told: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        let cut = self.door.closing.clone();
        let _cut = cut.clone().drop_guard();
        let incoming = connection::incoming(self.listener, self.door);
        let serving =
            self.transport
                .serve_with_incoming_shutdown(self.front, Box::pin(incoming), told);
        let mut serving = std::pin::pin!(serving);
        tokio::select! {
            ended = &mut serving => return ended.map_err(ServeError::Transport),
            () = overdue(life) => {}
        }
        tracing::warn!("open calls are cut: they had four fifths of the drain time-out");
        cut.cancel();
        _ = life.within(Step::Connections, serving).await;
        Ok(())
    }
}

async fn overdue(life: &Lifecycle) {
    life.draining().await;
    _ = life.within(Step::Calls, std::future::pending::<()>()).await;
}

/// A process whose certificate has ended is not ready, whatever else works.
fn probe(probe: Probe, certificates: &Arc<Certificates>) -> Probe {
    let certificates = Arc::clone(certificates);
    Arc::new(move || {
        let valid = certificates.is_valid();
        let probed = probe();
        async move {
            if valid {
                probed.await
            } else {
                Err("the certificate has ended".to_owned())
            }
        }
        .boxed()
    })
}

fn transport(limits: &Limits) -> tonic::transport::Server {
    let work = limits.max_concurrency + limits.max_streams;
    let streams = work + limits.max_watches_per_caller;
    tonic::transport::Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .http2_max_header_list_size(MAX_HEADER_BYTES)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(u32::try_from(streams).unwrap_or(u32::MAX))
        .max_connection_age(CONNECTION_AGE)
}

/// Adds health and reflection.
fn routes(parts: &Builder, health: &Health) -> Result<Routes, ServeError> {
    let sets = [
        parts.descriptors,
        tonic_health::pb::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        tonic_types::pb::FILE_DESCRIPTOR_SET,
    ];
    let mut services = parts.names.clone();
    services.extend(INFRASTRUCTURE);
    let catalogue = Catalogue::new(&sets, &services, &ERRORS)?;
    let reflection = Reflection(Arc::new(catalogue));
    let largest = parts.settings.limits.max_message_bytes;
    let routes = parts.routes.clone();
    Ok(routes
        .add_service(HealthServer::new(health.service()).tuned(largest))
        .add_service(ReflectionV1::new(reflection.clone()).tuned(largest))
        .add_service(ReflectionV1Alpha::new(reflection).tuned(largest)))
}
