//! Certificates that change, end or are revoked under a running server.

use std::fs;

use super::probe::{Running, UNARY, ask};
use super::{assert_reason, eventually, refusal};
use crate::kernel::caller::Role;
use crate::kernel::certs::{Authority, TlsFiles};
use crate::kernel::client;
use crate::kernel::fault::{Reason, reason_of};

#[tokio::test]
async fn certificates_are_exchanged_without_a_failed_call() {
    let server = Running::start().await;
    let before = server.channel(Role::Operator);
    ask(&before, UNARY, "x").await.unwrap();
    let next = Authority::generate().unwrap();
    let client = next.issue_client(Role::Operator, "next").unwrap();
    let directory = server.directory().join("next");
    let files = client.save(&directory, "operator").unwrap();
    let after = client::connect(&server.address.to_string(), &files).unwrap();
    assert!(ask(&after, UNARY, "x").await.is_err(), "not trusted yet");

    let issued = next.issue_server(&["test"]).unwrap();
    issued.save(server.directory(), "test").unwrap();
    eventually(|| async {
        ask(&before, UNARY, "x").await.unwrap();
        let fresh = client::connect(&server.address.to_string(), &files).unwrap();
        ask(&fresh, UNARY, "whoami").await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn a_channel_takes_the_new_files_at_its_next_connection() {
    let server = Running::start().await;
    let stranger = Authority::generate().unwrap();
    let stranger = stranger.issue_client(Role::Operator, "tester").unwrap();
    let files = stranger
        .save(&server.directory().join("client"), "operator")
        .unwrap();
    let channel = client::connect(&server.address.to_string(), &files).unwrap();
    assert!(ask(&channel, UNARY, "x").await.is_err());
    let known = server.files(Role::Operator);
    for (from, to) in [
        (&known.ca, &files.ca),
        (&known.cert, &files.cert),
        (&known.key, &files.key),
    ] {
        fs::copy(from, to).unwrap();
    }
    eventually(|| async { ask(&channel, UNARY, "x").await.is_ok() }).await;
}

#[tokio::test]
async fn a_revoked_caller_is_refused_on_the_connection_that_it_has() {
    let server = Running::start().await;
    let files = server.files(Role::Operator);
    let channel = client::connect(&server.address.to_string(), &files).unwrap();
    ask(&channel, UNARY, "x").await.unwrap();
    let list = server.directory().join("revoked");
    fs::write(&list, serial(&files)).unwrap();
    eventually(|| async { ask(&channel, UNARY, "x").await.is_err() }).await;
    assert_reason(&refusal(&channel, "x").await, Reason::CallerUnknown);
    let other = server.channel(Role::Operator);
    ask(&other, UNARY, "x").await.unwrap();
    fs::write(&list, "operator/tester").unwrap();
    eventually(|| async {
        let status = ask(&other, UNARY, "x").await.err();
        status.is_some_and(|status| reason_of(&status) == Some(Reason::CallerUnknown))
    })
    .await;
}

fn serial(files: &TlsFiles) -> String {
    let pem = fs::read(&files.cert).unwrap();
    let (_, pem) = x509_parser::pem::parse_x509_pem(&pem).unwrap();
    pem.parse_x509().unwrap().raw_serial_as_string()
}
