//! Connections: accepted, authenticated, and closed when they are of no use.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::Connected;

use super::listen::Listener;
use super::seats::{Seat, Seats, Usage};
use super::share::{Share, Shares};
use crate::kernel::caller::Caller;
use crate::kernel::certs::{Certificates, serial_of};

/// How long to wait after `accept` failed, for instance for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// The preface of HTTP/2 and the header of the frame that must follow it.
const FIRST_FRAME: usize = 24 + 9;

/// How connections become calls.
pub(super) struct Door {
    /// What this server shows, and whom it lets in.
    pub(super) certificates: Arc<Certificates>,
    pub(super) seats: Arc<Seats>,
    pub(super) shares: Shares,
    /// How long a client may take from its connection to its first frame of HTTP/2.
    pub(super) limit: Duration,
    /// Closes every connection.
    pub(super) closing: CancellationToken,
}

/// Accepts connections and gives them once they are authenticated, each tied to a token that closes it.
pub(super) fn incoming(
    listener: Listener,
    door: Door,
) -> impl Stream<Item = io::Result<Connection>> + Send {
    let state = (listener.into_inner(), Arc::new(door), JoinSet::new());
    futures::stream::unfold(state, |(listener, door, mut handshakes)| async move {
        loop {
            tokio::select! {
                stream = accept(&listener) => {
                    handshakes.spawn(Arc::clone(&door).enter(stream));
                }
                Some(entered) = handshakes.join_next() => {
                    if let Ok(Some(connection)) = entered {
                        return Some((Ok(connection), (listener, door, handshakes)));
                    }
                }
            }
        }
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

impl Door {
    /// Takes a place for a connection and checks the client's certificate.
    async fn enter(self: Arc<Self>, stream: TcpStream) -> Option<Connection> {
        let end = Instant::now() + self.limit;
        let cut = self.closing.child_token();
        let from = stream.peer_addr().ok()?.ip();
        let Some(seat) = self.seats.take(from, &cut) else {
            tracing::warn!("a connection was refused: all places are in use");
            return None;
        };
        let handshake = TlsAcceptor::from(self.certificates.config()).accept(stream);
        let stream = tokio::select! {
            () = cut.cancelled() => return None,
            done = tokio::time::timeout_at(end, handshake) => done.ok()?.ok()?,
        };
        let certificates = stream.get_ref().1.peer_certificates()?;
        let caller = Caller::from_certificate(certificates.first()?);
        let caller = caller.filter(|caller| self.certificates.vouch_for(caller.role, certificates));
        let serial = serial_of(certificates.first()?);
        if !seat.belongs_to(caller.as_ref()) {
            tracing::warn!("a connection was refused: its caller has too many in use");
            return None;
        }
        Some(Connection {
            stream,
            closed: Box::pin(cut.clone().cancelled_owned()),
            first: Some((Box::pin(tokio::time::sleep_until(end)), FIRST_FRAME)),
            info: ConnectionInfo {
                share: self.shares.of(caller.as_ref()),
                usage: Arc::clone(&seat.usage),
                caller,
                serial,
                cut,
            },
            _seat: seat,
        })
    }
}

/// A connection that holds its place and can be closed from outside.
pub(super) struct Connection {
    stream: TlsStream<TcpStream>,
    closed: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Until when the first frame must be there, and how much of it is missing.
    first: Option<(Pin<Box<Sleep>>, usize)>,
    info: ConnectionInfo,
    _seat: Seat,
}

/// What is known about a connection.
#[derive(Clone, Debug)]
pub(super) struct ConnectionInfo {
    /// Whom the certificate names.
    pub(super) caller: Option<Caller>,
    /// The serial number of the certificate.
    pub(super) serial: Option<Arc<str>>,
    /// What this caller may take.
    pub(super) share: Arc<Share>,
    pub(super) usage: Arc<Usage>,
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

    /// Counts what was read towards the first frame, and gives up on a client that does not send it.
    fn poll_first(&mut self, read: usize, cx: &mut Context<'_>) -> io::Result<()> {
        let Some((end, missing)) = &mut self.first else {
            return Ok(());
        };
        *missing = missing.saturating_sub(read);
        if *missing == 0 {
            self.first = None;
        } else if end.as_mut().poll(cx).is_ready() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_closed(cx)?;
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.poll_first(buffer.filled().len() - before, cx)?;
        polled
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
