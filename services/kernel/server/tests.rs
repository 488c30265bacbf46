//! The server builder over real connections.

mod certificates;
mod crowd;
mod probe;
mod strangers;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::{Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use self::probe::{
    ACK, LARGEST, Running, STREAM, TABLE, UNARY, ask, descriptors, read_stream, send,
};
use super::*;
use crate::kernel::caller::Role;
use crate::kernel::certs::{Authority, TlsFiles};
use crate::kernel::client;
use crate::kernel::fault::{Reason, reason_of, retry_after_of};
use crate::kernel::settings::Limits;
use crate::kernel::telemetry::Trace;

fn assert_reason(status: &Status, reason: Reason) {
    assert_eq!(reason_of(status), Some(reason), "{status:?}");
    assert_eq!(status.code(), reason.code());
    assert_eq!(status.message(), reason.text());
}

async fn refusal(channel: &tonic::transport::Channel, text: &str) -> Status {
    ask(channel, UNARY, text).await.unwrap_err()
}

async fn health(server: &Running, service: &str) -> Result<i32, Status> {
    let mut client = HealthClient::new(server.channel(Role::Partner));
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    Ok(client.check(request).await?.into_inner().status)
}

async fn page(server: &Running, path: &str) -> String {
    let mut stream = TcpStream::connect(server.admin).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

async fn eventually<F: Future<Output = bool>>(mut check: impl FnMut() -> F) {
    let started = Instant::now();
    while !check().await {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "never became true"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn the_caller_is_who_the_certificate_says() {
    let server = Running::start().await;
    let channel = server.channel(Role::Operator);
    assert_eq!(
        ask(&channel, UNARY, "whoami").await.unwrap(),
        "operator/tester"
    );
}

#[tokio::test]
async fn nobody_gets_in_without_a_certificate_of_the_authority() {
    let server = Running::start().await;
    let stranger = Authority::generate().unwrap();
    let stranger = stranger.issue_client(Role::Operator, "tester").unwrap();
    let directory = server.directory().join("stranger");
    let mut files = stranger.save(&directory, "stranger").unwrap();
    files.ca = server.directory().join("ca.pem");
    let channel = client::connect(&server.address.to_string(), &files).unwrap();
    assert!(ask(&channel, UNARY, "hello").await.is_err());

    let tls = tonic::transport::ClientTlsConfig::new().ca_certificate(files.read().unwrap().ca);
    let anonymous = tonic::transport::Endpoint::from_shared(format!("https://{}", server.address));
    let anonymous = anonymous.unwrap().tls_config(tls).unwrap().connect_lazy();
    assert!(ask(&anonymous, UNARY, "hello").await.is_err());
}

#[tokio::test]
async fn a_method_that_is_not_there_or_not_for_this_role_is_refused() {
    let server = Running::start().await;
    let channel = server.channel(Role::Operator);
    let unknown = ask(&channel, "/test.Probe/Nothing", "x").await.unwrap_err();
    assert_reason(&unknown, Reason::MethodUnknown);
    let partner = server.channel(Role::Partner);
    assert_reason(&refusal(&partner, "x").await, Reason::CallerNotAllowed);
}

#[tokio::test]
async fn deadlines_end_a_call_whoever_set_them() {
    let server = Running::start().await;
    let channel = server.channel(Role::Operator);
    let started = Instant::now();
    assert_reason(&refusal(&channel, "sleep").await, Reason::DeadlineExceeded);
    assert!(
        started.elapsed() >= Duration::from_millis(290),
        "the method's own"
    );

    // What the handler has left, because the client's own timer would race with the server's answer.
    let left: u64 = ask(&channel, UNARY, "left").await.unwrap().parse().unwrap();
    assert!((1..=300).contains(&left), "the method's own");
    let mut request = Request::new("left".to_owned());
    request.set_timeout(Duration::from_millis(200));
    let left = send(&channel, UNARY, request).await.unwrap();
    assert!(left.parse::<u64>().unwrap() < 200, "the client's");
}

#[tokio::test]
async fn no_text_of_a_handler_or_a_panic_gets_out() {
    let server = Running::start().await;
    let channel = server.channel(Role::Operator);
    assert_reason(&refusal(&channel, "panic").await, Reason::Internal);
    assert_reason(&refusal(&channel, "leak").await, Reason::Internal);
    for text in ["panic", "fail"] {
        let (_, end) = read_stream(&channel, text).await;
        assert_reason(&end.unwrap_err(), Reason::Internal);
    }
    assert_eq!(ask(&channel, UNARY, "alive").await.unwrap(), "alive");
}

#[tokio::test]
async fn a_message_that_is_too_large_or_not_one_is_refused_with_its_reason() {
    let server = Running::start().await;
    let channel = server.channel(Role::Operator);
    let large = "x".repeat(LARGEST + 1);
    assert_reason(&refusal(&channel, &large).await, Reason::MessageTooLarge);
    let status = send(&channel, UNARY, Request::new(7_u64))
        .await
        .unwrap_err();
    assert_reason(&status, Reason::MalformedMessage);
}

#[tokio::test]
async fn a_call_center_must_say_for_whom_it_calls() {
    let server = Running::start().await;
    let channel = server.channel(Role::CallCenter);
    let status = refusal(&channel, "agent").await;
    assert_reason(&status, Reason::MetadataMissing);
    let mut request = Request::new("agent".to_owned());
    for name in ["x-redress-agent", "x-redress-case", "x-redress-reason"] {
        request
            .metadata_mut()
            .insert(name, "word-1".parse().unwrap());
    }
    assert_eq!(send(&channel, UNARY, request).await.unwrap(), "word-1");
}

#[tokio::test]
async fn a_full_server_sheds_all_but_what_must_get_through() {
    let limits = Limits {
        max_concurrency: 1,
        max_streams: 1,
        ..Limits::default()
    };
    let server = Running::with(limits, || async { true }).await;
    let channel = server.channel(Role::Operator);
    ask(&channel, UNARY, "warm").await.unwrap();
    let busy = tokio::spawn({
        let channel = channel.clone();
        async move { ask(&channel, UNARY, "sleep").await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let shed = refusal(&channel, "x").await;
    assert_reason(&shed, Reason::Overloaded);
    assert_eq!(retry_after_of(&shed), Some(Duration::from_secs(1)));
    assert_eq!(ask(&channel, ACK, "ack").await.unwrap(), "ack");
    assert!(health(&server, "").await.is_ok());
    assert_reason(&busy.await.unwrap().unwrap_err(), Reason::DeadlineExceeded);
    assert_eq!(ask(&channel, UNARY, "again").await.unwrap(), "again");
}

#[tokio::test]
async fn streams_end_at_their_deadline_however_busy_they_are() {
    let server = Running::start().await;
    let channel = server.channel(Role::Operator);
    for text in ["hang", "flood"] {
        let (count, end) = read_stream(&channel, text).await;
        assert!(count >= 1);
        assert_reason(&end.unwrap_err(), Reason::DeadlineExceeded);
    }
    let (count, end) = read_stream(&channel, "short").await;
    assert_eq!(count, 1);
    end.unwrap();
}

#[tokio::test]
async fn the_trace_of_the_caller_goes_on() {
    let server = Running::start().await;
    let channel = server.channel(Role::Operator);
    let trace = Trace::root();
    let mut request = Request::new("trace".to_owned());
    let header = trace.to_string().parse().unwrap();
    request.metadata_mut().insert("traceparent", header);
    assert_eq!(
        send(&channel, UNARY, request).await.unwrap(),
        trace.trace_id()
    );
    assert_eq!(ask(&channel, UNARY, "trace").await.unwrap().len(), 32);
}

#[tokio::test]
async fn readiness_follows_the_probe_and_liveness_does_not() {
    static READY: AtomicBool = AtomicBool::new(true);
    let probe = || async { READY.load(Ordering::SeqCst) };
    let server = Running::with(Limits::default(), probe).await;
    eventually(|| async { health(&server, "test.Probe").await.unwrap() == 1 }).await;
    assert!(page(&server, "/readyz").await.starts_with("HTTP/1.1 200"));
    READY.store(false, Ordering::SeqCst);
    eventually(|| async { health(&server, "test.Probe").await.unwrap() == 2 }).await;
    let unready = page(&server, "/readyz").await;
    assert!(unready.starts_with("HTTP/1.1 503") && unready.ends_with("not ready: as told\n"));
    assert!(page(&server, "/healthz").await.starts_with("HTTP/1.1 200"));
    assert_eq!(health(&server, "").await.unwrap(), 1);
    let unknown = health(&server, "nobody").await.unwrap_err();
    assert_reason(&unknown, Reason::NameNotFound);
}

#[tokio::test]
async fn reflection_lists_the_services() {
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    let server = Running::start().await;
    let mut client = ServerReflectionClient::new(server.channel(Role::Auditor));
    let request = tonic_reflection::pb::v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let stream = client.server_reflection_info(tokio_stream::iter([request]));
    let mut stream = stream.await.unwrap().into_inner();
    let answer = format!("{:?}", stream.message().await.unwrap().unwrap());
    for name in ["test.Probe", "grpc.health.v1.Health"] {
        assert!(answer.contains(name), "{name}");
    }
}

#[tokio::test]
async fn a_drain_ends_watchers_streams_and_silent_peers() {
    let server = Running::start().await;
    let channel = server.channel(Role::Operator);
    let mut watcher = HealthClient::new(channel.clone());
    let request = HealthCheckRequest::default();
    let mut watch = watcher.watch(request).await.unwrap().into_inner();
    assert_eq!(watch.message().await.unwrap().unwrap().status, 1);
    let polite = tokio::spawn({
        let channel = channel.clone();
        async move { read_stream(&channel, "polite").await }
    });
    let silent = TcpStream::connect(server.address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;

    let started = Instant::now();
    server.life.stop();
    assert_eq!(watch.message().await.unwrap().unwrap().status, 2);
    let (count, end) = polite.await.unwrap();
    assert_eq!(count, 2, "a stream that watches its token ends by itself");
    end.unwrap();
    assert_reason(&watch.message().await.unwrap_err(), Reason::ShuttingDown);
    server.served.await.unwrap().unwrap();
    assert!(started.elapsed() < Duration::from_secs(2));
    drop(silent);
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn a_peer_that_never_answers_does_not_outlast_the_drain() {
    let server = Running::start().await;
    // The connection is open, but its owner reads nothing: the flood fills every window.
    let channel = server.channel(Role::Operator);
    let mut grpc = tonic::client::Grpc::new(channel);
    grpc.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<String, String>::default();
    let path = http::uri::PathAndQuery::from_static(STREAM);
    let request = Request::new("flood".to_owned());
    let stream = grpc.server_streaming(request, path, codec).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let started = Instant::now();
    server.life.stop();
    server.served.await.unwrap().unwrap();
    assert!(started.elapsed() < Duration::from_secs(5));
    drop(stream);
}

#[tokio::test]
async fn a_peer_that_reads_nothing_gives_its_stream_back_after_the_deadline() {
    let limits = Limits {
        max_streams: 1,
        ..Limits::default()
    };
    let server = Running::with(limits, || async { true }).await;
    let mut grpc = tonic::client::Grpc::new(server.channel(Role::Operator));
    grpc.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<String, String>::default();
    let path = http::uri::PathAndQuery::from_static(STREAM);
    let request = Request::new("flood".to_owned());
    let held = grpc.server_streaming(request, path, codec).await.unwrap();
    let channel = server.channel(Role::Operator);
    let (_, end) = read_stream(&channel, "short").await;
    assert_reason(&end.unwrap_err(), Reason::Overloaded);
    eventually(|| async { read_stream(&channel, "short").await.1.is_ok() }).await;
    drop(held);
}

#[tokio::test]
async fn a_server_with_a_method_missing_in_the_table_is_not_built() {
    let files = TlsFiles::in_directory(std::path::Path::new("/nowhere"), "x");
    let settings = ServerSettings::local(files);
    let builder = Server::builder(&settings, &TABLE[..2], descriptors());
    let error = builder
        .service(probe::Probe::default())
        .build()
        .err()
        .unwrap();
    assert_eq!(error, AccessError::Missing(STREAM.to_owned()));
}
