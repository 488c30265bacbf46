//! Ports and connections.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::Connected;

use crate::kernel::caller::Caller;

/// How long to wait after `accept` failed, for instance for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// An open port.
#[derive(Debug)]
pub struct Listener {
    inner: TcpListener,
    address: SocketAddr,
}

/// Why a port cannot be opened. The message says which setting to change.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.text())]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// The setting that names it.
    pub setting: &'static str,
    /// The system's answer.
    pub source: io::Error,
}

impl BindError {
    fn text(&self) -> String {
        let Self {
            address, source, ..
        } = self;
        let flag = self.setting.replace('_', "-");
        let variable = self.setting.to_uppercase();
        let change = format!("choose another with --{flag} or REDRESS_{variable}");
        match source.kind() {
            io::ErrorKind::AddrInUse => {
                format!("{address} is in use by another process: stop that one, or {change}")
            }
            io::ErrorKind::PermissionDenied => {
                format!("{address} may not be opened by this user: {change}, above 1023")
            }
            io::ErrorKind::AddrNotAvailable => {
                format!("{address} is not an address of this machine: {change}")
            }
            _ => format!("{address} cannot be opened ({source}): {change}"),
        }
    }
}

/// Opens the port for gRPC.
pub async fn bind(address: SocketAddr) -> Result<Listener, BindError> {
    bind_as(address, "listen").await
}

/// Opens a port that the given setting names.
pub async fn bind_as(address: SocketAddr, setting: &'static str) -> Result<Listener, BindError> {
    let error = |source| BindError {
        address,
        setting,
        source,
    };
    let inner = TcpListener::bind(address).await.map_err(error)?;
    let address = inner.local_addr().map_err(error)?;
    Ok(Listener { inner, address })
}

impl Listener {
    /// Gives the address, with the port that the system chose where 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn into_inner(self) -> TcpListener {
        self.inner
    }
}

/// Accepts connections while there are permits, each tied to a token that closes it.
pub(super) fn incoming(
    listener: Listener,
    permits: Arc<Semaphore>,
    closing: CancellationToken,
) -> impl Stream<Item = io::Result<Connection>> + Send {
    let state = (listener.inner, permits, closing);
    futures::stream::unfold(state, |(listener, permits, closing)| async move {
        let permit = Arc::clone(&permits).acquire_owned().await.ok()?;
        let stream = accept(&listener).await;
        let cut = closing.child_token();
        let connection = Connection {
            stream,
            closed: Box::pin(cut.clone().cancelled_owned()),
            info: ConnectionInfo {
                caller: Arc::default(),
                cut,
            },
            _permit: permit,
        };
        Some((Ok(connection), (listener, permits, closing)))
    })
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers are small and complete; waiting to fill a packet only delays them.
                _ = stream.set_nodelay(true);
                return stream;
            }
            Err(error) => {
                tracing::warn!(kind = %error.kind(), "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// A TCP connection that holds its permit and can be closed from outside.
pub(super) struct Connection {
    stream: TcpStream,
    closed: Pin<Box<WaitForCancellationFutureOwned>>,
    info: ConnectionInfo,
    _permit: OwnedSemaphorePermit,
}

/// What is known about a connection. The caller is read from the certificate once.
#[derive(Clone, Debug)]
pub(super) struct ConnectionInfo {
    pub(super) caller: Arc<OnceLock<Option<Caller>>>,
    /// Closes the connection, for a peer that holds on to something and reads nothing.
    pub(super) cut: CancellationToken,
}

impl Connected for Connection {
    type ConnectInfo = ConnectionInfo;

    fn connect_info(&self) -> ConnectionInfo {
        self.info.clone()
    }
}

impl Connection {
    fn poll_closed(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.closed.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_closed(cx)?;
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_in_use_says_which_setting_to_change() {
        let first = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let error = bind_as(first.address(), "admin_listen").await.unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("is in use by another process"),
            "{message}"
        );
        assert!(
            message.contains("--admin-listen or REDRESS_ADMIN_LISTEN"),
            "{message}"
        );
    }
}
