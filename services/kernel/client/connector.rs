//! TCP and TLS to a server, with the certificates as their files are when the connection is made.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::kernel::caller;
use crate::kernel::certs::{TlsError, TlsFiles};

const HTTPS_PORT: u16 = 443;
/// How long one address of a host may take, where it may have others.
const ADDRESS: Duration = Duration::from_secs(2);

/// Makes connections. Where the files cannot be used any more, those of the last connection stay.
#[derive(Clone)]
pub(super) struct Connector {
    files: TlsFiles,
    /// What the server's certificate must bear beside the host.
    server_uri: Option<Arc<str>>,
    last_good: Arc<Mutex<Arc<ClientConfig>>>,
}

impl Connector {
    pub(super) fn new(files: &TlsFiles, server_uri: Option<&str>) -> Result<Self, TlsError> {
        let config = Arc::new(files.client()?);
        Ok(Self {
            files: files.clone(),
            server_uri: server_uri.map(Arc::from),
            last_good: Arc::new(Mutex::new(config)),
        })
    }

    fn config(&self) -> Arc<ClientConfig> {
        let mut last_good = self
            .last_good
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match self.files.client() {
            Ok(config) => *last_good = Arc::new(config),
            Err(error) => {
                tracing::warn!(%error, "changed certificates cannot be used; the old ones stay");
            }
        }
        Arc::clone(&last_good)
    }
}

impl tower::Service<Uri> for Connector {
    type Response = TokioIo<TlsStream<TcpStream>>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = TlsConnector::from(self.config());
        let server_uri = self.server_uri.clone();
        async move {
            let host = uri.host().unwrap_or_default();
            let host = host.trim_start_matches('[').trim_end_matches(']');
            let name = ServerName::try_from(host.to_owned())
                .map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
            let port = uri.port_u16().unwrap_or(HTTPS_PORT);
            let stream = connect(host, port).await?;
            stream.set_nodelay(true)?;
            let stream = connector.connect(name, stream).await?;
            if let Some(uri) = server_uri
                && !bears(&stream, &uri)
            {
                tracing::error!("the server's certificate does not bear the URI that it must bear");
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            Ok(TokioIo::new(stream))
        }
        .boxed()
    }
}

/// Tries the addresses of a host one after the other: one that swallows what is sent to it must not hide the next.
async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in tokio::net::lookup_host((host, port)).await? {
        match tokio::time::timeout(ADDRESS, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error,
            Err(_elapsed) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}

fn bears(stream: &TlsStream<TcpStream>, uri: &str) -> bool {
    let certificates = stream.get_ref().1.peer_certificates();
    let own = certificates.and_then(|chain| chain.first());
    own.is_some_and(|own| caller::uris_of(own).iter().any(|it| it == uri))
}
