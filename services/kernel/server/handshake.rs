//! TLS on accepted connections, with the certificates as they are now.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::listen::Connection;
use crate::kernel::certs::Certificates;

const HANDSHAKE: Duration = Duration::from_secs(10);

/// Makes TLS connections of TCP connections, so many handshakes at once. A connection whose handshake fails is dropped.
pub(super) fn secured(
    incoming: impl Stream<Item = io::Result<Connection>> + Send,
    certificates: Arc<Certificates>,
    at_once: usize,
) -> impl Stream<Item = io::Result<TlsStream<Connection>>> + Send {
    incoming
        .map(move |connection| tokio::spawn(handshake(connection, certificates.config())))
        .buffer_unordered(at_once)
        .filter_map(|done| async { done.ok().flatten().map(Ok) })
}

async fn handshake(
    connection: io::Result<Connection>,
    config: Arc<tokio_rustls::rustls::ServerConfig>,
) -> Option<TlsStream<Connection>> {
    let accepted = TlsAcceptor::from(config).accept(connection.ok()?);
    match tokio::time::timeout(HANDSHAKE, accepted).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::debug!(kind = %error.kind(), "a TLS handshake failed");
            None
        }
        Err(_elapsed) => None,
    }
}
