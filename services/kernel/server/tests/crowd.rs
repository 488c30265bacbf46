//! One caller, or one address, that takes more than its share.

use futures::future::join_all;
use tokio::io::AsyncReadExt;

use super::strangers::{GRPC, bare, begin, message, tls};
use super::*;

async fn is_closed(mut stream: impl tokio::io::AsyncRead + Unpin) -> bool {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    tokio::time::timeout(Duration::from_secs(5), read)
        .await
        .is_ok()
}

#[tokio::test]
async fn who_never_speaks_is_closed_after_a_while() {
    let server = Running::limited(Limits {
        handshake_timeout: Duration::from_millis(300),
        ..Limits::default()
    })
    .await;
    let silent = TcpStream::connect(server.address).await.unwrap();
    let without_http = tls(&server, Role::Portal).await;
    let mut half_a_preface = tls(&server, Role::Portal).await;
    half_a_preface.write_all(b"PRI * HTTP/2").await.unwrap();
    assert!(is_closed(silent).await);
    assert!(is_closed(without_http).await);
    assert!(is_closed(half_a_preface).await);
    // Who has spoken may rest.
    let channel = server.channel(Role::Operator);
    ask(&channel, UNARY, "x").await.unwrap();
}

#[tokio::test]
async fn bare_connections_shut_nobody_out() {
    let server = Running::limited(Limits {
        max_connections: 8,
        max_connections_per_address: 4,
        ..Limits::default()
    })
    .await;
    let mut crowd = Vec::new();
    for _ in 0..50 {
        crowd.push(TcpStream::connect(server.address).await.unwrap());
    }
    for _ in 0..10 {
        let channel = server.channel(Role::Operator);
        ask(&channel, UNARY, "x").await.unwrap();
        crowd.push(TcpStream::connect(server.address).await.unwrap());
    }
}

#[tokio::test]
async fn idle_connections_of_one_caller_shut_nobody_out() {
    let server = Running::limited(Limits {
        max_connections: 6,
        max_connections_per_caller: 4,
        ..Limits::default()
    })
    .await;
    let mut idle = Vec::new();
    for _ in 0..12 {
        idle.push(bare(&server, Role::Portal).await);
    }
    let channel = server.channel(Role::Operator);
    for _ in 0..3 {
        ask(&channel, UNARY, "x").await.unwrap();
        idle.push(bare(&server, Role::Portal).await);
    }
}

#[tokio::test]
async fn unfinished_calls_of_one_caller_are_that_callers_trouble_alone() {
    let server = Running::limited(Limits {
        max_concurrency: 4,
        max_calls_per_caller: 2,
        request_timeout: Duration::from_millis(200),
        ..Limits::default()
    })
    .await;
    let mut sender = bare(&server, Role::Operator).await;
    let open: Vec<_> = (0..2)
        .map(|_| {
            let (answer, mut body) = begin(&mut sender, UNARY, &[GRPC]);
            body.send_data(message("hello").slice(..6), false).unwrap();
            (answer, body)
        })
        .collect();
    let (third, _body) = begin(&mut sender, UNARY, &[GRPC]);
    let refused = third.await.unwrap();
    let status = Status::from_header_map(refused.headers()).unwrap();
    assert_reason(&status, Reason::Overloaded);
    assert_eq!(retry_after_of(&status), Some(Duration::from_secs(1)));
    let other = server.channel(Role::CallCenter);
    let mut request = Request::new("x".to_owned());
    for name in ["x-redress-agent", "x-redress-case", "x-redress-reason"] {
        request
            .metadata_mut()
            .insert(name, "word-1".parse().unwrap());
    }
    send(&other, UNARY, request).await.unwrap();
    // Their time ends before the method's.
    for (answer, _body) in open {
        let answer = answer.await.unwrap();
        let status = Status::from_header_map(answer.headers()).unwrap();
        assert_reason(&status, Reason::DeadlineExceeded);
    }
    ask(&server.channel(Role::Operator), UNARY, "x")
        .await
        .unwrap();
}

#[tokio::test]
async fn messages_under_way_are_bounded_by_their_bytes() {
    let server = Running::limited(Limits {
        max_bytes_per_caller: LARGEST,
        ..Limits::default()
    })
    .await;
    let mut sender = bare(&server, Role::Operator).await;
    let (_first, mut body) = begin(&mut sender, UNARY, &[GRPC]);
    let whole = message(&"x".repeat(LARGEST - 1_000));
    body.send_data(whole.slice(..100), false).unwrap();
    let channel = server.channel(Role::Operator);
    let large = "x".repeat(2_000);
    eventually(|| async { ask(&channel, UNARY, &large).await.is_err() }).await;
    assert_reason(&refusal(&channel, &large).await, Reason::Overloaded);
    body.send_reset(h2::Reason::CANCEL);
    eventually(|| async { ask(&channel, UNARY, &large).await.is_ok() }).await;
}

#[tokio::test]
async fn watches_take_no_place_of_the_work() {
    let server = Running::limited(Limits {
        max_streams: 1,
        max_concurrency: 1,
        max_watches_per_caller: 20,
        ..Limits::default()
    })
    .await;
    let client = HealthClient::new(server.channel(Role::Operator));
    let watches = (0..20).map(|_| {
        let mut client = client.clone();
        async move { client.watch(HealthCheckRequest::default()).await }
    });
    let watches = join_all(watches).await;
    assert!(watches.iter().all(Result::is_ok));
    let more = client.clone().watch(HealthCheckRequest::default()).await;
    assert_reason(&more.unwrap_err(), Reason::Overloaded);
    let channel = server.channel(Role::Operator);
    assert!(read_stream(&channel, "short").await.1.is_ok());
    ask(&channel, UNARY, "x").await.unwrap();
    assert!(health(&server, "").await.is_ok());
}
