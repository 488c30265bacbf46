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

/// Two houses that call each other: an authority that is known for one purpose serves no other.
#[tokio::test]
async fn an_authority_that_is_taken_for_servers_or_for_one_role_serves_no_other() {
    let ours = Running::start().await;
    let our_ca = ours.files(Role::Operator).ca;
    let role_ca = format!("operator={}", our_ca.display());
    let theirs = Running::told(
        |settings| settings.tls_role_ca = role_ca.parse().ok(),
        || async { true },
    )
    .await;
    let their_ca = theirs.files(Role::Operator).ca;
    let as_caller = |role| TlsFiles {
        ca: their_ca.clone(),
        ..ours.files(role)
    };
    let there = theirs.address.to_string();
    let channel = client::connect(&there, &as_caller(Role::Operator)).unwrap();
    ask(&channel, UNARY, "x").await.unwrap();
    let channel = client::connect(&there, &as_caller(Role::CallCenter)).unwrap();
    assert_reason(&refusal(&channel, "x").await, Reason::CallerUnknown);
    let minted = TlsFiles {
        ca: our_ca,
        ..theirs.issue(Role::Operator, &theirs.directory().join("minted"))
    };
    let channel = client::connect(&ours.address.to_string(), &minted).unwrap();
    let refused = ask(&channel, UNARY, "x").await.unwrap_err();
    assert_eq!(reason_of(&refused), None, "no connection: {refused:?}");
}

#[tokio::test]
async fn a_server_bears_the_uri_that_it_was_expected_to_bear() {
    let server = Running::start().await;
    let place = server.address.to_string();
    let files = server.files(Role::Operator);
    for (uri, fits) in [
        ("spiffe://redress/service/test", true),
        ("spiffe://redress/service/tes", false),
        ("spiffe://redress/service/test2", false),
    ] {
        let channel = client::connect_to(&place, &files, Some(uri)).unwrap();
        assert_eq!(ask(&channel, UNARY, "x").await.is_ok(), fits, "{uri}");
    }
}

fn serial(files: &TlsFiles) -> String {
    let pem = fs::read(&files.cert).unwrap();
    let (_, pem) = x509_parser::pem::parse_x509_pem(&pem).unwrap();
    pem.parse_x509().unwrap().raw_serial_as_string()
}
