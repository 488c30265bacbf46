//! Strangers: Python's grpcio, which shares no line with our client, over mTLS.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

use redress::kernel::caller::Role;
use redress::kernel::certs::TlsFiles;
use redress::wire::redress::handoff::v1::PartnerMode;
use serde_json::Value;

use crate::harness::missing::PYTHON;
use crate::harness::processes::{House, Service, name_of};
use crate::harness::roster::Roster;
use crate::harness::walk::{self, SETTLED};
use crate::harness::{Database, contract, poll};

const PROBE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/python/probe.py");
const CODES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/python/codes.py");
const VECTORS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/proto/redress/enrollment/v1/code_vectors.csv"
);
const IMPORTS: &str = "import grpc, grpc_tools, grpc_reflection, grpc_health";

/// Tells whether Python can speak gRPC here; notes a test that cannot run where it cannot.
fn python_speaks_grpc() -> bool {
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

fn python(arguments: &[&str], environment: &[(&str, String)]) -> Output {
    let mut command = Command::new("python3");
    command.args(arguments).envs(environment.iter().cloned());
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command.output().expect("python3 starts")
}

/// What the probe printed; its errors are the test's.
fn printed(output: &Output) -> String {
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
    let printed = printed(&python(&arguments, &[]));
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
            "redress.bureau.v1.SandboxService/ListBookEntries",
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_readmes_examples_enroll_a_person_and_make_the_enrollment_active() {
    if !python_speaks_grpc() {
        return;
    }
    let house = House::new(Database::sqlite().await);
    for service in [Service::Identity, Service::Codes, Service::Handoff] {
        house.start(service).await;
    }
    let roster = Roster::small(4);
    let partner = walk::partner(&house, PartnerMode::Pull).await;
    let walk = walk::prepare_for(&house, &roster, partner).await;
    make_stubs(&house);
    let row = &roster.adults[0].0;
    let letter = walk.letter_of(row);
    let arguments = [
        walk.engagement(),
        &letter.code,
        &row.given_name,
        &row.family_name,
        &row.date_of_birth,
        &row.postal_code,
    ];
    let enrolled = example(&house, "call_center.py", &arguments);
    assert!(
        enrolled.contains("ENROLLMENT_STATE_SUBMITTED"),
        "{enrolled}"
    );
    let taken = example(&house, "partner.py", &[]);
    assert!(taken.contains('1'), "{taken}");
    poll::until("the enrollment to be active", SETTLED, async || {
        let funnel = walk::funnel(&house, &walk.campaign).await;
        (funnel.active == 1).then_some(())
    })
    .await;
    let nothing_left = example(&house, "partner.py", &[]);
    assert!(nothing_left.contains('0'), "{nothing_left}");
}

/// The reader was written from the comment in the contract and shares no line with ours.
#[test]
fn the_contracts_comment_is_enough_to_read_codes_as_the_published_table_says() {
    if !python_speaks_grpc() {
        return;
    }
    let read = printed(&python(&[CODES, VECTORS], &[]));
    assert!(read.trim().parse::<usize>().expect("a number") > 100);
}

/// Makes the Python stubs as the README says.
fn make_stubs(house: &House) {
    let proto = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto");
    let out = house.path().join("python");
    std::fs::create_dir_all(&out).expect("a folder");
    let mut arguments = vec![
        "-m".into(),
        "grpc_tools.protoc".into(),
        format!("-I{}", proto.display()),
    ];
    for kind in ["python_out", "grpc_python_out"] {
        arguments.push(format!("--{kind}={}", out.display()));
    }
    arguments.extend(protos(&proto, &proto));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    printed(&python(&arguments, &[]));
}

/// Every proto file below a folder, as it is imported.
fn protos(root: &Path, folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the contract") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(protos(root, &path));
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            let name = path.strip_prefix(root).expect("below the root");
            found.push(name.display().to_string());
        }
    }
    found
}

/// Runs a block of the README, which begins with a comment that names its file.
fn example(house: &House, name: &str, arguments: &[&str]) -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).expect("README.md");
    let start = format!("```python\n# {name}");
    let at = readme
        .find(&start)
        .unwrap_or_else(|| panic!("{name} stands in README.md"));
    let block = readme[at + "```python\n".len()..]
        .split("\n```")
        .next()
        .expect("a block");
    let file = house.path().join(name);
    std::fs::write(&file, block).expect("the example is written");
    let file = file.display().to_string();
    let mut words = vec![file.as_str()];
    words.extend(arguments);
    let address = |service| format!("localhost:{}", house.address(service).port);
    let environment = [
        (
            "PYTHONPATH",
            house.path().join("python").display().to_string(),
        ),
        ("REDRESS_CERTS", house.certs().display().to_string()),
        ("REDRESS_IDENTITY", address(Service::Identity)),
        ("REDRESS_CODES", address(Service::Codes)),
        ("REDRESS_HANDOFF", address(Service::Handoff)),
        (
            "REDRESS_PARTNER",
            format!("partner-{}", name_of(Role::Partner)),
        ),
    ];
    printed(&python(&words, &environment))
}
