//! The examples of proto/README.md, run as they stand there.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use redress::kernel::caller::Role;
use redress::wire::redress::enrollment::v1::enrollment_service_client::EnrollmentServiceClient;
use redress::wire::redress::enrollment::v1::{
    CancelEnrollmentRequest, CancelReason, EnrollmentState, ListEnrollmentsRequest,
};
use redress::wire::redress::handoff::v1::PartnerMode;

use crate::harness::clients::request_id;
use crate::harness::missing::{NODE, env};
use crate::harness::processes::{House, Service, name_of};
use crate::harness::roster::Roster;
use crate::harness::walk::{self, SETTLED, Walk};
use crate::harness::{Database, poll};
use crate::python::{printed, python_speaks_grpc};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const IMPORTS: &str = "require('@grpc/grpc-js'); require('@grpc/proto-loader')";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_examples_enroll_a_person_and_make_the_enrollment_active() {
    if !python_speaks_grpc() {
        return;
    }
    let (house, roster, walk) = campaign().await;
    make_stubs(&house);
    let enrolled = call_center(&house, "call_center.py", &roster, &walk);
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
    is_canceled_by(&house, &walk, "partner.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_node_examples_enroll_a_person_and_make_the_enrollment_active() {
    if !node_speaks_grpc() {
        return;
    }
    let (house, roster, walk) = campaign().await;
    let enrolled = call_center(&house, "call_center.js", &roster, &walk);
    assert!(
        enrolled.contains("ENROLLMENT_STATE_SUBMITTED"),
        "{enrolled}"
    );
    let taken = example(&house, "partner.js", &[]);
    assert!(taken.contains("settled: 1"), "{taken}");
    poll::until("the enrollment to be active", SETTLED, async || {
        let funnel = walk::funnel(&house, &walk.campaign).await;
        (funnel.active == 1).then_some(())
    })
    .await;
    let nothing_left = example(&house, "partner.js", &[]);
    assert!(nothing_left.contains("settled: 0"), "{nothing_left}");
    is_canceled_by(&house, &walk, "partner.js").await;
}

/// The one enrollment is withdrawn, and a partner confirms it under the cancellation's own id.
async fn is_canceled_by(house: &House, walk: &Walk, partner: &str) {
    let mut client = EnrollmentServiceClient::new(house.channel(Service::Codes, Role::Operator));
    let list = ListEnrollmentsRequest {
        campaign: walk.campaign_id(),
        ..ListEnrollmentsRequest::default()
    };
    let listed = client
        .list_enrollments(list.clone())
        .await
        .unwrap()
        .into_inner();
    let cancel = CancelEnrollmentRequest {
        request_id: request_id(),
        campaign: walk.campaign_id(),
        enrollment_id: listed.enrollments[0].enrollment_id.clone(),
        reason: CancelReason::PersonAsked.into(),
        verification_id: String::new(),
    };
    client.cancel_enrollment(cancel).await.unwrap();
    let taken = example(house, partner, &[]);
    assert!(taken.contains("settled: 1"), "{taken}");
    poll::until("the enrollment to be canceled", SETTLED, async || {
        let mut client = client.clone();
        let listed = client
            .list_enrollments(list.clone())
            .await
            .unwrap()
            .into_inner();
        (listed.enrollments[0].state() == EnrollmentState::Canceled).then_some(())
    })
    .await;
}

/// Tells whether Node can speak gRPC here; notes a test that cannot run where it cannot.
fn node_speaks_grpc() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    let found = *FOUND.get_or_init(|| {
        let mut command = Command::new("node");
        command.args(["-e", IMPORTS]).env("NODE_PATH", node_path());
        command.output().is_ok_and(|output| output.status.success())
    });
    if !found {
        NODE.skip();
    }
    found
}

/// Where `.ci/run` installs packages, before what the environment says.
fn node_path() -> String {
    let inherited = env("NODE_PATH").unwrap_or_default();
    format!("{ROOT}/target/ci/node_modules:{inherited}")
}

/// Four adults with letters, and a partner that pulls.
async fn campaign() -> (House, Roster, Walk) {
    let house = House::new(Database::sqlite().await);
    for service in [Service::Identity, Service::Codes, Service::Handoff] {
        house.start(service).await;
    }
    let roster = Roster::small(4);
    let partner = walk::partner(&house, PartnerMode::Pull).await;
    let walk = walk::prepare_for(&house, &roster, partner).await;
    (house, roster, walk)
}

/// Enrolls the first adult.
fn call_center(house: &House, name: &str, roster: &Roster, walk: &Walk) -> String {
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
    example(house, name, &arguments)
}

/// Makes the Python stubs as the document says.
fn make_stubs(house: &House) {
    let proto = Path::new(ROOT).join("proto");
    let out = house.path().join("python");
    std::fs::create_dir_all(&out).expect("a folder");
    let mut command = Command::new("python3");
    command.args(["-m", "grpc_tools.protoc", "-I"]).arg(&proto);
    for kind in ["python_out", "grpc_python_out"] {
        command.arg(format!("--{kind}={}", out.display()));
    }
    command.args(protos(&proto, &proto));
    printed(&command.output().expect("python3 starts"));
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

/// Runs an example and gives what it printed.
fn example(house: &House, name: &str, arguments: &[&str]) -> String {
    let (interpreter, fence) = match name.rsplit_once('.') {
        Some((_, "js")) => ("node", format!("```js\n// {name}")),
        _ => ("python3", format!("```python\n# {name}")),
    };
    let file = house.path().join(name);
    std::fs::write(&file, block(&fence)).expect("the example is written");
    let address = |service| format!("localhost:{}", house.address(service).port);
    let mut command = Command::new(interpreter);
    command.arg(file).args(arguments);
    command
        .env("PYTHONPATH", house.path().join("python"))
        .env("NODE_PATH", node_path())
        .env("REDRESS_PROTO", Path::new(ROOT).join("proto"))
        .env("REDRESS_CERTS", house.certs())
        .env("REDRESS_IDENTITY", address(Service::Identity))
        .env("REDRESS_CODES", address(Service::Codes))
        .env("REDRESS_HANDOFF", address(Service::Handoff))
        .env(
            "REDRESS_PARTNER",
            format!("partner-{}", name_of(Role::Partner)),
        );
    printed(&command.output().expect("the interpreter starts"))
}

/// Gives the block of code that begins with the fence and a comment that names its file.
fn block(start: &str) -> String {
    let document = Path::new(ROOT).join("proto/README.md");
    let document = std::fs::read_to_string(document).expect("proto/README.md");
    let at = document
        .find(start)
        .unwrap_or_else(|| panic!("{start} stands in proto/README.md"));
    let (_, block) = document[at..].split_once('\n').expect("a fence");
    block.split("\n```").next().expect("a block").to_owned()
}
