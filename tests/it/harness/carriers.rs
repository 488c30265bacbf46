//! What carriers of messages talk to: a gateway that takes webhooks, and certificates for it and for a mail server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::folder::folder;
use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use redress::kernel::certs::{Authority, TlsFiles};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;

/// A server's certificate, and the authority that it comes from.
pub struct Certified {
    folder: TempDir,
    acceptor: TlsAcceptor,
}

impl Certified {
    pub fn new() -> Self {
        let folder = folder();
        let authority = Authority::generate().expect("an authority");
        let issued = authority.issue_server(&["carrier"]).expect("a certificate");
        let files = issued.save(folder.path(), "carrier").expect("it is saved");
        let chain = CertificateDer::pem_file_iter(&files.cert).expect("a chain");
        let key = PrivateKeyDer::from_pem_file(&files.key).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain.flatten().collect(), key);
        Self {
            folder,
            acceptor: TlsAcceptor::from(Arc::new(config.expect("they belong together"))),
        }
    }

    pub fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }

    /// The authority, for who trusts the server.
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}

/// What a gateway does with what is posted.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    Status(u16),
    /// Sends the client to another place.
    Redirect,
    /// Takes the message and never says so.
    Silent,
}

/// What was posted.
#[derive(Clone, Debug)]
pub struct Posted {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Posted {
    pub fn header(&self, name: &str) -> String {
        let value = self.headers.get(name).expect("the header");
        value.to_str().expect("text").to_owned()
    }
}

/// A gateway on a port of its own.
pub struct Gateway {
    pub address: SocketAddr,
    answer: Arc<Mutex<Answer>>,
    posted: Arc<Mutex<Vec<Posted>>>,
}

type Seen = (Arc<Mutex<Answer>>, Arc<Mutex<Vec<Posted>>>);

impl Gateway {
    /// Serves in the clear.
    pub async fn open(answer: Answer) -> Self {
        let (gateway, router, listener) = Self::laid_out(answer).await;
        tokio::spawn(async move { axum::serve(listener, router).await });
        gateway
    }

    /// Serves inside of TLS.
    pub async fn certified(answer: Answer, certified: &Certified) -> Self {
        let (gateway, router, tcp) = Self::laid_out(answer).await;
        let acceptor = certified.acceptor();
        let listener = TlsListener { tcp, acceptor };
        tokio::spawn(async move { axum::serve(listener, router).await });
        gateway
    }

    async fn laid_out(answer: Answer) -> (Self, Router, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let gateway = Self {
            address: listener.local_addr().expect("its address"),
            answer: Arc::new(Mutex::new(answer)),
            posted: Arc::default(),
        };
        let seen = (Arc::clone(&gateway.answer), Arc::clone(&gateway.posted));
        (
            gateway,
            Router::new().fallback(take).with_state(seen),
            listener,
        )
    }

    pub fn will(&self, answer: Answer) {
        *self.answer.lock().expect("the answer") = answer;
    }

    pub fn posted(&self) -> Vec<Posted> {
        self.posted.lock().expect("what was posted").clone()
    }
}

async fn take(State((answer, posted)): State<Seen>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.expect("the body");
    posted.lock().expect("what was posted").push(Posted {
        path: parts.uri.to_string(),
        headers: parts.headers,
        body,
    });
    let answer = *answer.lock().expect("the answer");
    match answer {
        Answer::Status(status) => {
            let status = StatusCode::from_u16(status).expect("a status");
            (status, "canary-answer").into_response()
        }
        Answer::Redirect => {
            (StatusCode::TEMPORARY_REDIRECT, [("location", "/elsewhere")]).into_response()
        }
        Answer::Silent => std::future::pending().await,
    }
}

/// Serves inside of TLS.
pub struct TlsListener {
    pub tcp: TcpListener,
    pub acceptor: TlsAcceptor,
}

/// Serves with these files, and takes only clients whose certificates come from their authority.
pub fn mutual(files: &TlsFiles) -> TlsAcceptor {
    let provider = Arc::new(ring::default_provider());
    let mut clients = RootCertStore::empty();
    let authority = CertificateDer::pem_file_iter(&files.ca).expect("an authority");
    clients.add_parsable_certificates(authority.flatten());
    let clients = Arc::new(clients);
    let clients = WebPkiClientVerifier::builder_with_provider(clients, Arc::clone(&provider));
    let chain = CertificateDer::pem_file_iter(&files.cert).expect("a chain");
    let key = PrivateKeyDer::from_pem_file(&files.key).expect("a key");
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_client_cert_verifier(clients.build().expect("a verifier"))
        .with_single_cert(chain.flatten().collect(), key);
    TlsAcceptor::from(Arc::new(config.expect("they belong together")))
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.tcp.accept().await.expect("a connection");
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}
