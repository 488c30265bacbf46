//! Being told to stop: calls under way finish, nobody holds the process up, and the exit code says that all is well.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt;
use redress::client::problem::broke_off;
use redress::db::entities::handoff;
use redress::kernel::caller::Role;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::enrollment::v1::begin_enrollment_request::Entitlement;
use redress::wire::redress::handoff::v1::{PartnerMode, PullHandoffsRequest};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use tokio::net::{TcpListener, TcpStream};
use tonic::{Code, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::harness::person::Person;
use crate::harness::processes::{House, Service};
use crate::harness::roster::Roster;
use crate::harness::walk::{self, SETTLED, Walk};
use crate::harness::{Database, apply, both, poll};

/// The drain's limit in these tests.
const DRAIN: &str = "2s";

async fn house(database: Database) -> House {
    let mut house = House::new(database);
    for service in Service::ALL {
        house = house.with(service, "drain_timeout", DRAIN);
    }
    house.start_all().await;
    house
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_process_ends_with_code_zero_when_it_is_told_to() {
    let house = house(Database::sqlite().await).await;
    for service in Service::ALL {
        let status = house.stop(service).await;
        assert_eq!(
            status.code(),
            Some(0),
            "{}:\n{}",
            service.name(),
            house.log(service)
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_process_does_not_wait_for_its_drain_to_run_out() {
    let house = House::new(Database::sqlite().await);
    let house = house
        .of_separate_programs()
        .with(Service::Codes, "drain_timeout", "5m");
    house.start(Service::Codes).await;
    assert_eq!(house.stop(Service::Codes).await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watcher_hears_not_serving_and_nobody_silent_holds_the_process_up() {
    let house = house(Database::sqlite().await).await;
    for service in Service::ALL {
        let silent = TcpStream::connect(("127.0.0.1", house.address(service).port)).await;
        let silent = silent.expect("a connection that says nothing");
        let mut health = HealthClient::new(house.channel(service, Role::Operator));
        let watch = health.watch(HealthCheckRequest::default()).await;
        let mut watch = watch.expect("a watch").into_inner();
        let first = watch.message().await.expect("a first answer");
        assert_eq!(status(first), Some(ServingStatus::Serving));
        house.terminate(service);
        let next = watch.message().await.expect("the news come before the end");
        assert_eq!(
            status(next),
            Some(ServingStatus::NotServing),
            "{}",
            service.name()
        );
        let ended = house.ended(service).await;
        assert_eq!(ended.code(), Some(0), "{}", service.name());
        drop(silent);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_stream_of_handoffs_is_ended_with_a_reason() {
    let house = house(Database::sqlite().await).await;
    walk::partner(&house, PartnerMode::Pull).await;
    let mut client = house.handoffs(&house.files(Role::Partner));
    let pull = client.pull_handoffs(PullHandoffsRequest::default()).await;
    let mut pull = pull.expect("a stream").into_inner();
    house.terminate(Service::Handoff);
    let last = loop {
        match pull.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the stream ended as if all were told"),
            Err(status) => break status,
        }
    };
    assert_eq!(last.code(), Code::Unavailable);
    assert_eq!(reason_of(&last), Some(Reason::ShuttingDown));
    let ended = house.ended(Service::Handoff).await;
    assert_eq!(ended.code(), Some(0));
}

/// A partner that takes a call and never answers, a client that says nothing, a collector that takes nothing: each
/// would hold the process up until the end of its step, and all steps share one budget.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_hangs_the_whole_stop_stays_within_one_budget() {
    let collector = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let collector = format!("http://{}", collector.local_addr().expect("an address"));
    let house = House::new(Database::sqlite().await)
        .with(Service::Handoff, "drain_timeout", "5s")
        .with(Service::Handoff, "otlp_endpoint", collector)
        .with(Service::Handoff, "call_timeout", "10m")
        .with(Service::Handoff, "push_lease", "30m");
    house.start_all().await;
    let roster = Roster::small(4);
    let walk = walk::prepare(&house, &roster).await;
    house.freeze(Service::Bureau);
    let row = &roster.adults[0].0;
    let code = walk.letter_of(row).code.clone();
    let enrolled = person(&house, &walk, 0).enroll(&code, row.claims()).await;
    enrolled.expect("enrolled");
    let owner = house.database().owner().await;
    poll::until("the call to the partner", SETTLED, async || {
        let leased = handoff::Entity::find().filter(handoff::Column::LeaseToken.is_not_null());
        leased.one(&owner).await.expect("a query")
    })
    .await;
    let port = house.address(Service::Handoff).port;
    let silent = TcpStream::connect(("127.0.0.1", port)).await;
    let _silent = silent.expect("a connection that says nothing");
    let told = Instant::now();
    house.terminate(Service::Handoff);
    assert_eq!(house.ended(Service::Handoff).await.code(), Some(0));
    let took = told.elapsed();
    let log = house.log(Service::Handoff);
    assert!(log.contains("not everything ended in time"), "{log}");
    // Step by step it would be more than twice the budget.
    assert!(took < Duration::from_secs(9), "{took:?}:\n{log}");
}

#[apply(both)]
async fn calls_under_way_finish_and_what_was_answered_is_durable(database: Database) {
    let house = house(database).await;
    let roster = Roster::small(60);
    let walk = walk::prepare(&house, &roster).await;
    let answered = AtomicUsize::new(0);
    let calls = roster.adults.iter().enumerate().map(|(number, (row, _))| {
        let person = person(&house, &walk, number);
        let code = walk.letter_of(row).code.clone();
        let answered = &answered;
        async move {
            let answer = person.begin(Entitlement::Code(code)).await;
            answered.fetch_add(1, Ordering::Relaxed);
            (number, answer)
        }
    });
    // While most calls are under way; what comes later may be turned away, but what was answered is not forgotten.
    let stop = poll::until("first answers", SETTLED, async || {
        (answered.load(Ordering::Relaxed) > 0).then(|| house.terminate(Service::Codes))
    });
    let (answers, ()) = tokio::join!(futures::future::join_all(calls), stop);
    let mut begun = Vec::new();
    for (number, answer) in answers {
        match answer {
            Ok(answer) => begun.push((
                number,
                answer.enrollment.expect("an enrollment").enrollment_id,
            )),
            Err(status) => assert!(turned_away(&status), "{status}"),
        }
    }
    assert!(begun.len() > 1, "the first answer was the last");
    assert_eq!(house.ended(Service::Codes).await.code(), Some(0));
    let log = house.log(Service::Codes);
    assert!(!log.contains("open calls are cut"), "{log}");
    house.start(Service::Codes).await;
    for (number, enrollment) in begun {
        let enrollment = person(&house, &walk, number).enrollment(&enrollment).await;
        enrollment.expect("what was answered is there");
    }
}

#[apply(both)]
async fn an_import_under_way_is_told_to_come_again_and_goes_on_where_it_was(database: Database) {
    let house = house(database).await;
    let roster = Roster::small(120);
    let partner = walk::partner(&house, PartnerMode::Push).await;
    let campaign = walk::campaign(&house, &partner, "B100500").await;
    let parts = walk::import_parts(&campaign, &roster.rows);
    let parts = futures::stream::iter(parts.into_iter().take(2)).chain(futures::stream::pending());
    let answers = house
        .rosters()
        .import_roster(parts)
        .await
        .expect("a stream");
    let mut answers = answers.into_inner();
    let first = walk::first_chunk(&mut answers).await;
    assert!(first.durable_line > 1);
    house.terminate(Service::Identity);
    let last = loop {
        match answers.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the stream ended as if all rows were taken"),
            Err(status) => break status,
        }
    };
    assert_eq!(reason_of(&last), Some(Reason::ShuttingDown), "{last}");
    assert_eq!(house.ended(Service::Identity).await.code(), Some(0));
    house.start(Service::Identity).await;
    let again = walk::import(&house, &campaign, &roster.rows)
        .await
        .expect("the import");
    let totals = walk::import_result(&again).totals.expect("totals");
    assert!(totals.unchanged > 0, "the rows of the first time were kept");
    let funnel = walk::funnel(&house, &campaign).await;
    assert_eq!(
        usize::try_from(funnel.individuals),
        Ok(roster.individuals())
    );
}

fn person<'a>(house: &'a House, walk: &'a Walk, number: usize) -> Person<'a> {
    Person {
        house,
        engagement: walk.engagement(),
        role: Role::Portal,
        number,
        patient: false,
    }
}

/// Not taken at all: the server said so, nobody listened any more, or the connection ended before anything was read from it.
fn turned_away(status: &Status) -> bool {
    status.code() == Code::Unavailable || broke_off(status)
}

fn status(answer: Option<HealthCheckResponse>) -> Option<ServingStatus> {
    answer.map(|answer| answer.status())
}
