//! The real programs, one of them on a machine whose clock is two days ahead.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use redress::kernel::caller::Role;
use redress::kernel::clock::{Clock, Timestamp};
use redress::kernel::fault::{Reason, reason_of, retry_after_of};
use redress::wire::redress::enrollment::v1::BeginEnrollmentRequest;
use redress::wire::redress::enrollment::v1::begin_enrollment_request::Entitlement;
use redress::wire::redress::enrollment::v1::enrollment_service_client::EnrollmentServiceClient;
use redress::wire::redress::handoff::v1::PartnerMode;
use tonic::Status;

use crate::harness::child::Running;
use crate::harness::clients::{by, connect, request_id};
use crate::harness::processes::{Address, House, Service, address, is_ready};
use crate::harness::{Database, http, poll, walk};

/// How long a process may take to start.
const READY: Duration = Duration::from_mins(1);
/// A code that nobody has.
const STRANGER: &str = "0000-0000-0000-0168";

/// What a machine's clock shows that is two days ahead. The allocator asks for the time before libfaketime can answer, so that one
/// does not do.
const AHEAD: &str = r"
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *at) {
    long result = syscall(SYS_clock_gettime, id, at);
    if (result == 0 && id == CLOCK_REALTIME) at->tv_sec += 2 * 24 * 60 * 60;
    return (int)result;
}
";

/// Builds the library that shows it, with the compiler that links Rust's programs too.
fn library(folder: &Path) -> PathBuf {
    let (source, library) = (folder.join("ahead.c"), folder.join("ahead.so"));
    std::fs::write(&source, AHEAD).unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]);
    let built = compiler.arg(&library).arg(&source).status().unwrap();
    assert!(built.success());
    library
}

async fn try_code(house: &House, at: Address, engagement: &str) -> Status {
    let endpoint = format!("https://localhost:{}", at.port);
    let channel = connect(&endpoint, &house.files(Role::Portal));
    let request = BeginEnrollmentRequest {
        request_id: request_id(),
        campaign: engagement.to_owned(),
        entitlement: Some(Entitlement::Code(STRANGER.to_owned())),
        ..BeginEnrollmentRequest::default()
    };
    let answer = EnrollmentServiceClient::new(channel)
        .begin_enrollment(by(Role::Portal, 1, request))
        .await;
    answer.unwrap_err()
}

/// By how much the machine's clock is ahead, as the process measures it.
async fn offset(at: Address) -> Option<f64> {
    let metrics = http::get(at.admin, "/metrics").await?.body;
    let of_clock = |line: &&str| line.starts_with("redress_clock_offset_seconds");
    let line = metrics.lines().find(of_clock)?;
    line.rsplit(' ').next()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_on_a_machine_two_days_ahead_goes_by_the_database() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let house = House::new(database).with(Service::Codes, "tries_per_campaign", "10");
    house.start(Service::Handoff).await;
    house.start(Service::Codes).await;
    let (right, ahead) = (house.address(Service::Codes), address());
    let mut command = house.command_at(Service::Codes, ahead);
    command.env("LD_PRELOAD", library(house.path()));
    let process = Running::start(command, &house.path().join("ahead.log"));
    poll::until("the process to start", READY, async || {
        is_ready(ahead.admin).await
    })
    .await;
    let partner = walk::partner(&house, PartnerMode::Push).await;
    let campaign = walk::campaign(&house, &partner, "B100200").await;
    for _ in 0..5 {
        for at in [ahead, right] {
            let refused = try_code(&house, at, &campaign.engagement_number).await;
            assert_eq!(reason_of(&refused), Some(Reason::CodeNotAccepted));
        }
    }
    for at in [ahead, right] {
        let refused = try_code(&house, at, &campaign.engagement_number).await;
        assert_eq!(reason_of(&refused), Some(Reason::Throttled));
        assert!(retry_after_of(&refused).unwrap() <= Duration::from_secs(6));
    }
    let days = offset(ahead).await.unwrap() / 86_400.0;
    assert!((1.99..2.01).contains(&days), "{days}");
    assert!(offset(right).await.unwrap().abs() < 1.0);
    let warning = "differ by more than a second";
    assert!(process.log().contains(warning));
    assert!(!house.log(Service::Codes).contains(warning));
    assert_dated_now(&house).await;
}

/// Everything in the audit log and the throttles lies where the database's clock puts it.
async fn assert_dated_now(house: &House) {
    use sea_orm::{ConnectionTrait, Statement};
    let owner = house.database().owner().await;
    let sql = "SELECT greatest((SELECT max(at) FROM audit_event), (SELECT max(tat) FROM throttle)) AS latest";
    let statement = Statement::from_string(owner.get_database_backend(), sql);
    let row = owner.query_one_raw(statement).await.unwrap().unwrap();
    let latest: Timestamp = row.try_get("", "latest").unwrap();
    assert!(
        latest <= Clock::system().now() + Duration::from_mins(2),
        "{latest}"
    );
}
