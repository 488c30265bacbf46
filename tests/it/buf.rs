//! Strangers: `buf curl`, which is Go's gRPC, over mTLS and reflection.

use std::path::PathBuf;
use std::process::Command;

use redress::kernel::caller::Role;

use crate::harness::Database;
use crate::harness::missing::{BUF, env};
use crate::harness::processes::{House, Service};

/// Finds buf; notes a test that cannot run where there is none.
fn buf() -> Option<PathBuf> {
    let path = env("PATH").unwrap_or_default();
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/target/ci/node_modules/.bin");
    let places = std::env::split_paths(&path).chain([PathBuf::from(own)]);
    let found = places
        .map(|place| place.join("buf"))
        .find(|file| file.is_file());
    if found.is_none() {
        BUF.skip();
    }
    found
}

/// Runs `buf curl` as the operator and gives what it printed.
fn curl(buf: &PathBuf, house: &House, service: Service, words: &[&str], path: &str) -> String {
    let files = house.files(Role::Operator);
    let mut command = Command::new(buf);
    command.arg("curl").arg("--cacert").arg(files.ca);
    command
        .arg("--cert")
        .arg(files.cert)
        .arg("--key")
        .arg(files.key);
    command.args(["--protocol", "grpc"]).args(words);
    command.arg(format!("{}{path}", house.endpoint(service)));
    command.current_dir(house.path()).env("HOME", house.path());
    let output = command.output().expect("buf starts");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    printed + &String::from_utf8_lossy(&output.stderr)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buf_curl_lists_describes_and_calls_every_service() {
    let Some(buf) = buf() else {
        return;
    };
    let house = House::open(Database::sqlite().await).await;
    let known = [
        (
            Service::Identity,
            "redress.identity.v1.RosterService",
            "GetRosterStatistics",
            "google.rpc.ErrorInfo",
        ),
        (
            Service::Codes,
            "redress.enrollment.v1.CampaignService",
            "ListCampaigns",
            "{}",
        ),
        (
            Service::Handoff,
            "redress.handoff.v1.PartnerService",
            "ListPartners",
            "{}",
        ),
        (
            Service::Bureau,
            "redress.sandbox.v1.SandboxService",
            "ListBookEntries",
            "{}",
        ),
    ];
    for (process, service, method, answer) in known {
        let listed = curl(&buf, &house, process, &["--list-services"], "");
        assert!(listed.contains(service), "{listed}");
        assert!(listed.contains("grpc.health.v1.Health"), "{listed}");
        let described = curl(&buf, &house, process, &["--list-methods"], "");
        assert!(
            described.contains(&format!("{service}/{method}")),
            "{described}"
        );
        let called = curl(
            &buf,
            &house,
            process,
            &["-d", "{}"],
            &format!("/{service}/{method}"),
        );
        assert!(called.contains(answer), "{called}");
    }
}
