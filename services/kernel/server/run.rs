//! From a built server to its end.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tonic_health::ServingStatus;

use super::admin::{self, Admin};
use super::front::{Front, Shared};
use super::handshake::secured;
use super::health::Health;
use super::listen::{self, BindError, Listener, bind, bind_as};
use super::{Builder, Probe, Server};
use crate::kernel::certs::{Certificates, TlsError};
use crate::kernel::clock::Clock;
use crate::kernel::lifecycle::{Lifecycle, Step};
use crate::kernel::telemetry::RpcMetrics;

const KEEPALIVE: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections are closed gently at this age, so that clients spread again after a restart and certificates are checked.
const CONNECTION_AGE: Duration = Duration::from_mins(30);
const MAX_HEADER_BYTES: u32 = 16 * 1024;
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;

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
    Reflection(#[from] tonic_reflection::server::Error),
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
        let (reporter, health) = tonic_health::server::health_reporter();
        for name in &parts.names {
            let status = ServingStatus::NotServing;
            reporter.set_service_status(name, status).await;
        }
        let certificates = Arc::new(Certificates::load(
            &parts.settings.tls,
            parts.settings.tls_revoked.clone(),
            Clock::system(),
        )?);
        let watch = Arc::clone(&certificates);
        tokio::spawn(watch.watch(parts.settings.tls_check_interval, life.token()));
        let transport = transport(&parts);
        let front = Front {
            routes: routes(&parts)?.add_service(health).prepare(),
            shared: Arc::new(Shared {
                table,
                limits: parts.settings.limits,
                unary: Arc::new(Semaphore::new(parts.settings.limits.max_concurrency)),
                streams: Arc::new(Semaphore::new(parts.settings.limits.max_streams)),
                draining: life.token(),
                certificates: Arc::clone(&certificates),
                metrics: RpcMetrics::new(),
            }),
        };
        let (ready, readiness) = watch::channel(false);
        let health = Health {
            reporter,
            names: parts.names,
            ready,
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
            transport,
            certificates,
            front,
            listener,
            limit: parts.settings.limits.max_connections,
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
    certificates: Arc<Certificates>,
    front: Front,
    listener: Listener,
    limit: usize,
}

impl Connections {
    async fn serve(
        self,
        life: &Lifecycle,
        told: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        let cut = CancellationToken::new();
        let _cut = cut.clone().drop_guard();
        let permits = Arc::new(Semaphore::new(self.limit));
        let incoming = listen::incoming(self.listener, permits, cut.clone());
        let incoming = secured(incoming, self.certificates, self.limit);
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
        async move { valid && probed.await }.boxed()
    })
}

fn transport(parts: &Builder) -> tonic::transport::Server {
    let streams = parts.settings.limits.max_concurrency + parts.settings.limits.max_streams;
    tonic::transport::Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .http2_max_header_list_size(MAX_HEADER_BYTES)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(u32::try_from(streams).unwrap_or(u32::MAX))
        .max_connection_age(CONNECTION_AGE)
}

/// Adds reflection, in both versions that clients speak.
fn routes(parts: &Builder) -> Result<tonic::service::Routes, ServeError> {
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(parts.descriptors)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let routes = parts.routes.clone();
    Ok(routes
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?))
}
