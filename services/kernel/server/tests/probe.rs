//! A service made by hand that does what a test tells it, and a server around it.

use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt, Stream, StreamExt};
use prost::Message;
use prost_types::{
    FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto,
};
use tonic::codec::CompressionEncoding;
use tonic::server::Grpc;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

use crate::kernel::caller::{self, Role};
use crate::kernel::certs::{Authority, TlsFiles};
use crate::kernel::client;
use crate::kernel::lifecycle::Lifecycle;
use crate::kernel::server::*;
use crate::kernel::settings::{Limits, ServerSettings};
use crate::kernel::telemetry::Trace;

pub(super) const UNARY: &str = "/test.Probe/Unary";
pub(super) const ACK: &str = "/test.Probe/Ack";
pub(super) const STREAM: &str = "/test.Probe/Stream";

/// The largest message of a server that is started without other limits.
pub(super) const LARGEST: usize = 65_536;

pub(super) const TABLE: &[Access] = &[
    row(UNARY, Kind::Unary, true),
    row(ACK, Kind::Unary, false),
    row(STREAM, Kind::Stream, true),
];

const fn row(path: &'static str, kind: Kind, shed: bool) -> Access {
    Access {
        path,
        roles: &[Role::Operator, Role::CallCenter],
        deadline: Duration::from_millis(300),
        kind,
        shed,
    }
}

/// Describes the service as a compiler would.
pub(super) fn descriptors() -> &'static [u8] {
    let method = |name: &str, server_streaming| MethodDescriptorProto {
        name: Some(name.to_owned()),
        server_streaming: Some(server_streaming),
        ..Default::default()
    };
    let service = ServiceDescriptorProto {
        name: Some("Probe".to_owned()),
        method: vec![
            method("Unary", false),
            method("Ack", false),
            method("Stream", true),
        ],
        ..Default::default()
    };
    let file = FileDescriptorProto {
        name: Some("test.proto".to_owned()),
        package: Some("test".to_owned()),
        service: vec![service],
        ..Default::default()
    };
    FileDescriptorSet { file: vec![file] }
        .encode_to_vec()
        .leak()
}

#[derive(Clone, Default)]
pub(super) struct Probe {
    largest: usize,
}

impl Tuned for Probe {
    fn tuned(self, largest: usize) -> Self {
        Self { largest }
    }
}

impl NamedService for Probe {
    const NAME: &'static str = "test.Probe";
}

impl tower::Service<http::Request<Body>> for Probe {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let largest = self.largest;
        async move {
            let codec = ProstCodec::<String, String>::default();
            let mut grpc = Grpc::new(codec)
                .accept_compressed(CompressionEncoding::Gzip)
                .send_compressed(CompressionEncoding::Gzip)
                .max_decoding_message_size(largest)
                .max_encoding_message_size(largest);
            if request.uri().path() == STREAM {
                let handler = tower::service_fn(|request| async move { Ok(stream(&request)) });
                return Ok(grpc.server_streaming(handler, request).await);
            }
            Ok(grpc.unary(tower::service_fn(unary), request).await)
        }
        .boxed()
    }
}

async fn unary(request: Request<String>) -> Result<Response<String>, Status> {
    let answer = match request.get_ref().as_str() {
        "whoami" => caller::of(&request)?.to_string(),
        "agent" => caller::agent_of(&request).map_or_else(String::new, |agent| agent.agent),
        "trace" => Trace::current().map_or_else(String::new, Trace::trace_id),
        "left" => format!("{}", deadline_of(&request).unwrap().remaining().as_millis()),
        "sleep" => std::future::pending().await,
        "panic" => panic!("canary"),
        "large" => "x".repeat(LARGEST),
        "leak" => return Err(Status::internal("canary")),
        other => other.to_owned(),
    };
    Ok(Response::new(answer))
}

type Answers = Pin<Box<dyn Stream<Item = Result<String, Status>> + Send>>;

fn stream(request: &Request<String>) -> Response<Answers> {
    let first = futures::stream::once(async { Ok("first".to_owned()) });
    let answers: Answers = match request.get_ref().as_str() {
        "hang" => first.chain(futures::stream::pending()).boxed(),
        "flood" => futures::stream::repeat_with(|| Ok("more".to_owned())).boxed(),
        "panic" => first
            .chain(futures::stream::poll_fn(|_| panic!("canary")))
            .boxed(),
        "fail" => first
            .chain(futures::stream::once(async {
                Err(Status::unknown("canary"))
            }))
            .boxed(),
        "polite" => {
            let token = draining_of(request);
            let last = async move {
                token.cancelled().await;
                Ok("last".to_owned())
            };
            first.chain(futures::stream::once(last)).boxed()
        }
        _ => first.boxed(),
    };
    Response::new(answers)
}

/// A running server with its authority.
pub(super) struct Running {
    pub(super) address: SocketAddr,
    pub(super) admin: SocketAddr,
    pub(super) life: Lifecycle,
    pub(super) served: tokio::task::JoinHandle<Result<(), ServeError>>,
    authority: Authority,
    directory: tempfile::TempDir,
}

impl Running {
    pub(super) async fn start() -> Self {
        Self::limited(Limits::default()).await
    }

    pub(super) async fn limited(limits: Limits) -> Self {
        let limits = Limits {
            max_message_bytes: LARGEST,
            ..limits
        };
        Self::with(limits, || async { true }).await
    }

    pub(super) async fn with<F, Fut>(limits: Limits, probe: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        Self::told(|settings| settings.limits = limits, probe).await
    }

    /// Starts a server whose settings are changed.
    pub(super) async fn told<F, Fut>(change: impl FnOnce(&mut ServerSettings), probe: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::generate().unwrap();
        let tls = authority.issue_server(&["test"]).unwrap();
        let tls = tls.save(directory.path(), "test").unwrap();
        let mut settings = ServerSettings::local(tls);
        let revoked = directory.path().join("revoked");
        std::fs::write(&revoked, "").unwrap();
        settings.tls_revoked = Some(revoked);
        settings.tls_check_interval = Duration::from_millis(20);
        change(&mut settings);
        let listener = bind(settings.listen).await.unwrap();
        let admin = bind(settings.admin_listen).await.unwrap();
        let (address, admin_address) = (listener.address(), admin.address());
        let server = Server::builder(&settings, TABLE, descriptors())
            .service(Probe::default())
            .ready(move || {
                let ready = probe();
                async move {
                    ready
                        .await
                        .then_some(())
                        .ok_or_else(|| "as told".to_owned())
                }
            })
            .listener(listener)
            .admin(admin)
            .build()
            .unwrap();
        let life = Lifecycle::new(Duration::from_secs(3));
        let task = tokio::spawn({
            let life = life.clone();
            async move { server.serve(&life).await }
        });
        Self {
            address,
            admin: admin_address,
            life,
            served: task,
            authority,
            directory,
        }
    }

    pub(super) fn files(&self, role: Role) -> TlsFiles {
        self.issue(role, self.directory.path())
    }

    /// Issues a client's certificate into a directory.
    pub(super) fn issue(&self, role: Role, directory: &Path) -> TlsFiles {
        let issued = self.authority.issue_client(role, "tester").unwrap();
        issued.save(directory, role.as_str()).unwrap()
    }

    pub(super) fn channel(&self, role: Role) -> Channel {
        client::connect(&self.address.to_string(), &self.files(role)).unwrap()
    }

    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }
}

/// Calls a unary method with a text.
pub(super) async fn ask(
    channel: &Channel,
    path: &'static str,
    text: &str,
) -> Result<String, Status> {
    send(channel, path, Request::new(text.to_owned())).await
}

pub(super) async fn send<T>(
    channel: &Channel,
    path: &'static str,
    request: Request<T>,
) -> Result<String, Status>
where
    T: Message + Send + Sync + 'static,
{
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready()
        .await
        .map_err(|error| Status::unavailable(error.to_string()))?;
    let codec = ProstCodec::<T, String>::default();
    let path = http::uri::PathAndQuery::from_static(path);
    Ok(grpc.unary(request, path, codec).await?.into_inner())
}

/// Opens a stream and reads it to its end: the messages, then the status if it is not OK.
pub(super) async fn read_stream(channel: &Channel, text: &str) -> (usize, Result<(), Status>) {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let codec = ProstCodec::<String, String>::default();
    let path = http::uri::PathAndQuery::from_static(STREAM);
    let request = Request::new(text.to_owned());
    let answer = grpc.server_streaming(request, path, codec).await;
    let mut stream = match answer {
        Ok(answer) => answer.into_inner(),
        Err(status) => return (0, Err(status)),
    };
    let mut count = 0;
    loop {
        match stream.message().await {
            Ok(Some(_)) => count += 1,
            Ok(None) => return (count, Ok(())),
            Err(status) => return (count, Err(status)),
        }
    }
}
