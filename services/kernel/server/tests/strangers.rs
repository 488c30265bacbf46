//! What clients that are not ours send, and what they get.

use std::sync::Arc;

use h2::client::SendRequest;
use h2::{Reason as Reset, SendStream};
use http::{HeaderMap, Method, StatusCode};
use prost::bytes::Bytes;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tonic::codec::CompressionEncoding::Gzip;
use tonic::codec::Streaming;
use tonic_types::StatusExt;

use crate::kernel::telemetry::kept::{Kept, keep};

use super::*;

/// Connects, and does the handshake of TLS and no more.
pub(super) async fn tls(server: &Running, role: Role) -> TlsStream<TcpStream> {
    let files = server.files(role);
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::pem_file_iter(&files.ca).unwrap();
    roots.add_parsable_certificates(ca.map(Result::unwrap));
    let own = CertificateDer::pem_file_iter(&files.cert).unwrap();
    let key = PrivateKeyDer::from_pem_file(&files.key).unwrap();
    let mut config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_client_auth_cert(own.map(Result::unwrap).collect(), key)
        .unwrap();
    config.alpn_protocols.push(b"h2".to_vec());
    let stream = TcpStream::connect(server.address).await.unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let name = "localhost".try_into().unwrap();
    connector.connect(name, stream).await.unwrap()
}

/// A connection without gRPC.
pub(super) async fn bare(server: &Running, role: Role) -> SendRequest<Bytes> {
    let stream = tls(server, role).await;
    let (sender, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    sender.ready().await.unwrap()
}

type Answer = h2::client::ResponseFuture;

pub(super) fn begin(
    sender: &mut SendRequest<Bytes>,
    path: &str,
    headers: &[(&'static str, &str)],
) -> (Answer, SendStream<Bytes>) {
    let mut request = http::Request::builder()
        .method(Method::POST)
        .uri(format!("https://localhost{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    sender
        .send_request(request.body(()).unwrap(), false)
        .unwrap()
}

pub(super) const GRPC: (&str, &str) = ("content-type", "application/grpc");

pub(super) fn message(text: &str) -> Bytes {
    let text = prost::Message::encode_to_vec(&text.to_owned());
    let mut bytes = vec![0];
    bytes.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
    bytes.extend(text);
    bytes.into()
}

/// Sends one message with these headers, and gives what comes back before any message.
async fn headers_of(server: &Running, headers: &[(&'static str, &str)]) -> (StatusCode, HeaderMap) {
    let mut sender = bare(server, Role::Operator).await;
    let (answer, mut body) = begin(&mut sender, UNARY, headers);
    _ = body.send_data(message("x"), true);
    let (parts, _) = answer.await.unwrap().into_parts();
    (parts.status, parts.headers)
}

async fn compressed(
    channel: &tonic::transport::Channel,
    text: &str,
) -> Result<(String, bool), Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone())
        .send_compressed(Gzip)
        .accept_compressed(Gzip);
    grpc.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<String, String>::default();
    let path = http::uri::PathAndQuery::from_static(UNARY);
    let answer = grpc
        .unary(Request::new(text.to_owned()), path, codec)
        .await?;
    let is_gzip = answer
        .metadata()
        .get("grpc-encoding")
        .is_some_and(|it| it == "gzip");
    Ok((answer.into_inner(), is_gzip))
}

#[tokio::test]
async fn gzip_is_taken_and_given_and_bounded_by_what_it_becomes() {
    let server = Running::start().await;
    let channel = server.channel(Role::Operator);
    let (text, is_gzip) = compressed(&channel, "hello").await.unwrap();
    assert_eq!((text.as_str(), is_gzip), ("hello", true));
    let large = "x".repeat(LARGEST + 1);
    let status = compressed(&channel, &large).await.unwrap_err();
    assert_reason(&status, Reason::MessageTooLarge);
    let (_, headers) = headers_of(&server, &[GRPC]).await;
    assert!(
        !headers.contains_key("grpc-encoding"),
        "who does not ask gets no gzip"
    );
}

#[tokio::test]
async fn another_compression_is_refused_by_its_name() {
    let server = Running::start().await;
    let (_, headers) = headers_of(&server, &[GRPC, ("grpc-encoding", "zstd")]).await;
    let status = Status::from_header_map(&headers).unwrap();
    assert_reason(&status, Reason::EncodingUnknown);
    assert_eq!(status.code(), tonic::Code::Unimplemented);
    let info = status.get_details_error_info().unwrap();
    assert_eq!(info.metadata["encoding"], "zstd");
    assert_eq!(headers["grpc-accept-encoding"], "gzip,identity");
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_not_sent() {
    let server = Running::start().await;
    let channel = server.channel(Role::Operator);
    assert_reason(&refusal(&channel, "large").await, Reason::MessageTooLarge);
}

#[tokio::test]
async fn what_is_not_grpc_gets_415_and_a_deadline_that_is_none_is_refused() {
    let server = Running::start().await;
    for headers in [&[("content-type", "application/json")][..], &[]] {
        let (status, _) = headers_of(&server, headers).await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let (_, headers) = headers_of(&server, &[GRPC, ("grpc-timeout", "soon")]).await;
    let status = Status::from_header_map(&headers).unwrap();
    assert_reason(&status, Reason::InvalidRequest);
    let violations = status.get_details_bad_request().unwrap().field_violations;
    assert_eq!(violations[0].field, "grpc-timeout");
}

#[tokio::test]
async fn two_messages_are_none_to_a_method_that_takes_one() {
    let server = Running::start().await;
    for path in [UNARY, STREAM] {
        let mut grpc = tonic::client::Grpc::new(server.channel(Role::Operator));
        grpc.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<String, String>::default();
        let messages = tokio_stream::iter(["short".to_owned(), "short".to_owned()]);
        let path = http::uri::PathAndQuery::from_static(path);
        let answer = grpc.streaming(Request::new(messages), path, codec).await;
        let status = match answer.map(tonic::Response::into_inner) {
            Err(status) => status,
            Ok(mut stream) => Streaming::message(&mut stream).await.unwrap_err(),
        };
        assert_reason(&status, Reason::MalformedMessage);
    }
}

/// The calls among the lines of a log.
fn calls(log: &Kept) -> Vec<String> {
    let text = log.text();
    let calls = text.lines().filter(|line| line.contains("redress::rpc"));
    calls.map(str::to_owned).collect()
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_its_request_has_canceled_the_call() {
    let log = Kept::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    let _guard = keep(subscriber);
    let server = Running::start().await;
    let whole = message("hello");
    let halves = [Bytes::new(), whole.slice(..3), whole.slice(..8)];
    for (number, half) in halves.into_iter().enumerate() {
        // One resets its stream, another drops its connection.
        for resets in [true, false] {
            let mut sender = bare(&server, Role::Operator).await;
            let (answer, mut body) = begin(&mut sender, UNARY, &[GRPC]);
            body.send_data(half.clone(), false).unwrap();
            let other = server.channel(Role::Operator);
            ask(&other, ACK, "the half has arrived").await.unwrap();
            if resets {
                body.send_reset(Reset::CANCEL);
            }
            drop((answer, body, sender));
            let left = || {
                calls(&log)
                    .iter()
                    .filter(|line| line.contains("Unary"))
                    .count()
            };
            let wanted = 2 * number + if resets { 1 } else { 2 };
            eventually(|| async { left() == wanted }).await;
        }
    }
    let calls = calls(&log);
    let canceled = |line: &&String| line.contains("CANCELLED") && line.contains("CALL_CANCELED");
    assert_eq!(calls.iter().filter(canceled).count(), 6, "{calls:#?}");
}

#[tokio::test]
async fn a_half_message_that_ends_is_malformed() {
    let server = Running::start().await;
    let mut sender = bare(&server, Role::Operator).await;
    let (answer, mut body) = begin(&mut sender, UNARY, &[GRPC]);
    body.send_data(message("hello").slice(..8), true).unwrap();
    let answer = answer.await.unwrap();
    let status = Status::from_header_map(answer.headers()).unwrap();
    assert_reason(&status, Reason::MalformedMessage);
}

#[tokio::test]
async fn a_watch_of_an_unknown_service_says_so_and_stays_open() {
    let server = Running::start().await;
    let mut client = HealthClient::new(server.channel(Role::Partner));
    let service = "nobody".to_owned();
    let watch = client.watch(HealthCheckRequest { service }).await.unwrap();
    let mut watch = watch.into_inner();
    assert_eq!(watch.message().await.unwrap().unwrap().status, 3);
    server.life.stop();
    assert_reason(&watch.message().await.unwrap_err(), Reason::ShuttingDown);
}

mod reflected {
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
    use tonic_reflection::pb::v1::{ExtensionRequest, ServerReflectionRequest};

    use super::*;

    async fn asked(questions: Vec<MessageRequest>) -> Vec<MessageResponse> {
        use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
        let server = Running::limited(Limits::default()).await;
        let mut client = ServerReflectionClient::new(server.channel(Role::Auditor));
        let requests = questions
            .into_iter()
            .map(|question| ServerReflectionRequest {
                host: String::new(),
                message_request: Some(question),
            });
        let requests = tokio_stream::iter(requests.collect::<Vec<_>>());
        let answers = client.server_reflection_info(requests).await.unwrap();
        let mut answers = answers.into_inner();
        let mut all = Vec::new();
        while let Some(answer) = answers.message().await.unwrap() {
            all.push(answer.message_response.unwrap());
        }
        all
    }

    #[tokio::test]
    async fn an_unknown_symbol_is_an_answer_and_the_stream_goes_on() {
        let extension = |number| {
            MessageRequest::FileContainingExtension(ExtensionRequest {
                containing_type: "google.rpc.ErrorInfo".to_owned(),
                extension_number: number,
            })
        };
        let answers = asked(vec![
            MessageRequest::FileContainingSymbol("nobody.knows.This".to_owned()),
            MessageRequest::FileByFilename("nowhere.proto".to_owned()),
            extension(7),
            MessageRequest::AllExtensionNumbersOfType("nobody.knows.This".to_owned()),
            MessageRequest::AllExtensionNumbersOfType("google.rpc.ErrorInfo".to_owned()),
            MessageRequest::FileContainingSymbol("google.rpc.ErrorInfo".to_owned()),
            MessageRequest::FileContainingSymbol("test.Probe.Unary".to_owned()),
            MessageRequest::ListServices(String::new()),
        ])
        .await;
        for answer in &answers[..4] {
            let MessageResponse::ErrorResponse(error) = answer else {
                panic!("{answer:?}");
            };
            assert_eq!(error.error_code, 5);
        }
        let MessageResponse::AllExtensionNumbersResponse(none) = &answers[4] else {
            panic!("{:?}", answers[4]);
        };
        assert!(none.extension_number.is_empty());
        for answer in &answers[5..7] {
            assert!(matches!(answer, MessageResponse::FileDescriptorResponse(_)));
        }
        let MessageResponse::ListServicesResponse(services) = &answers[7] else {
            panic!("{:?}", answers[7]);
        };
        let names: Vec<&str> = services.service.iter().map(|it| it.name.as_str()).collect();
        let all = [
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection",
            "test.Probe",
        ];
        assert_eq!(names, all);
    }
}
