//! Python's grpcio, which shares no code with our client, over mTLS. The examples in Python: `examples`.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

use redress::kernel::caller::Role;
use redress::kernel::certs::TlsFiles;
use serde_json::Value;

use crate::harness::missing::PYTHON;
use crate::harness::processes::{House, Service};
use crate::harness::{Database, contract};

const PROBE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/python/probe.py");
const CODES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/python/codes.py");
const VECTORS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/proto/redress/enrollment/v1/code_vectors.csv"
);
const IMPORTS: &str = "import grpc, grpc_tools, grpc_reflection, grpc_health";

/// Tells whether Python can speak gRPC here; notes a test that cannot run where it cannot.
pub fn python_speaks_grpc() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    let found = *FOUND.get_or_init(|| {
        let tried = Command::new("python3").args(["-c", IMPORTS]).output();
        tried.is_ok_and(|output| output.status.success())
    });
    if !found {
        PYTHON.skip();
    }
    found
}

fn python(arguments: &[&str]) -> Output {
    let mut command = Command::new("python3");
    command.args(arguments).env("PYTHONDONTWRITEBYTECODE", "1");
    command.output().expect("python3 starts")
}

/// What a program printed; its errors are the test's.
pub fn printed(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    text
}

fn probe(house: &House, service: Service, files: &TlsFiles, method: &str) -> Value {
    let text = |path: &Path| path.display().to_string();
    let address = format!("localhost:{}", house.address(service).port);
    let arguments = [
        PROBE.into(),
        address,
        text(&files.ca),
        text(&files.cert),
        text(&files.key),
    ];
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    arguments.push(method);
    let printed = printed(&python(&arguments));
    serde_json::from_str(&printed).expect("one JSON object")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grpcio_lists_describes_and_calls_every_service() {
    if !python_speaks_grpc() {
        return;
    }
    let house = House::open(Database::sqlite().await).await;
    let methods = [
        (
            Service::Identity,
            "redress.identity.v1.RosterService/GetRosterStatistics",
            "INVALID_ARGUMENT",
        ),
        (
            Service::Codes,
            "redress.enrollment.v1.CampaignService/ListCampaigns",
            "OK",
        ),
        (
            Service::Handoff,
            "redress.handoff.v1.PartnerService/ListPartners",
            "OK",
        ),
        (
            Service::Bureau,
            "redress.sandbox.v1.SandboxService/ListBookEntries",
            "OK",
        ),
    ];
    for (service, method, code) in methods {
        let seen = probe(&house, service, &house.files(Role::Operator), method);
        assert_eq!(seen["answer"]["code"], code, "{method}");
        assert_eq!(seen["health"], "SERVING", "{}", service.name());
        let name = method.split('/').next().expect("a service name");
        let described = seen["methods"][name].as_array().map_or(0, Vec::len);
        let known = contract::methods().filter(|one| one.parent_service().full_name() == name);
        assert_eq!(described, known.count(), "{name}");
        assert!(seen["methods"]["grpc.health.v1.Health"].is_array());
    }
}

/// The reader was written from the comment in the contract and shares no line with ours.
#[test]
fn the_contracts_comment_is_enough_to_read_codes_as_the_published_table_says() {
    if !python_speaks_grpc() {
        return;
    }
    let read = printed(&python(&[CODES, VECTORS]));
    assert!(read.trim().parse::<usize>().expect("a number") > 100);
}
