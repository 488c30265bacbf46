//! Circuit breakers of several instances: what one found out, the others need not.

use std::path::Path;
use std::time::Duration;

use redress::db::entities::{ClosedSet as _, open_circuit};
use redress::handoff::push::client::Credentials;
use redress::handoff::push::worker::PushWorker;
use redress::handoff::queue::due::QueueKey;
use redress::handoff::queue::open_circuit::{OpenCircuit, claim};
use redress::kernel::certs::TlsFiles;
use redress::kernel::ids::PartnerId;
use redress::wire::redress::handoff::v1::GetQueueStatisticsRequest;
use sea_orm::{ConnectionTrait, EntityTrait};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::running::Running;
use super::seed::push;
use super::world::{BACKOFF, World};
use crate::harness::{Database, apply, both};

/// After so long a partner is asked for an outcome.
const OVERDUE: Duration = Duration::from_mins(16);
/// The longest pause of a partner's circuit breaker.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl World {
    async fn open_circuits(&self) -> Vec<open_circuit::Model> {
        let query = open_circuit::Entity::find();
        query.all(&self.owner).await.unwrap()
    }

    /// A partner at whose address nobody listens, with so many handoffs.
    async fn nobody(&self, handoffs: usize) -> PartnerId {
        let partner = self.partner(push("nobody", "https://localhost:1")).await;
        self.enroll_many(partner, "666010001", handoffs).await;
        partner
    }
}

async fn both_step(one: &mut PushWorker, other: &mut PushWorker) -> usize {
    let (first, second) = tokio::join!(one.step(), other.step());
    first.unwrap() + second.unwrap()
}

/// One instance opens the circuit: another one, and one that starts later, call nobody. When the pause is over, they try one handoff
/// between them, and the pauses double for all.
#[apply(both)]
async fn an_open_circuit_stands_open_for_all_and_one_of_them_tries(database: Database) {
    let world = World::new(database).await;
    world.nobody(20).await;
    let (mut one, mut other) = (world.worker(), world.worker());
    assert_eq!(one.step().await.unwrap(), 20);
    let opened = world.open_circuits().await;
    assert_eq!(opened.len(), 1);
    assert_eq!(opened[0].times, 1);
    assert_eq!(other.step().await.unwrap(), 0);
    assert_eq!(world.worker().step().await.unwrap(), 0);
    let request = GetQueueStatisticsRequest::default();
    let counted = world.admin().get_queue_statistics(request).await;
    let paces = counted.unwrap().into_inner().paces;
    assert_eq!(paces.len(), 1);
    let next_try = opened[0].open_until.to_proto();
    assert_eq!(paces[0].next_try_time, Some(next_try));
    for times in 2..=4 {
        world.hand.advance(BACKOFF);
        assert_eq!(both_step(&mut one, &mut other).await, 1, "{times}");
        assert_eq!(world.open_circuits().await[0].times, times);
        assert_eq!(both_step(&mut one, &mut other).await, 0, "{times}");
    }
}

/// The try succeeds: the circuit is closed for the others by the time of their next look.
#[apply(both)]
async fn what_one_instance_closes_is_closed_for_all(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    // Down for two tries each.
    let down = world.enroll_many(partner, "666150001", 5).await;
    let (mut one, mut other) = (world.worker(), world.worker());
    assert_eq!(one.step().await.unwrap(), 5);
    assert_eq!(world.open_circuits().await.len(), 1);
    let good = world.enroll(partner, "666010001").await;
    world.hand.advance(BACKOFF);
    assert_eq!(other.step().await.unwrap(), 1, "the one that never failed");
    assert_eq!(world.state(good).await, "ACCEPTED");
    assert_eq!(world.open_circuits().await, []);
    assert_eq!(one.step().await.unwrap(), 5);
    let running = Running::of(one);
    world
        .pass_until(Duration::from_mins(30), async || {
            world.all_are(&down, "ACCEPTED").await
        })
        .await;
    running.stop().await;
    assert_eq!(world.open_circuits().await, []);
}

/// Whoever took the try and died keeps it no longer than the longest pause.
#[apply(both)]
async fn a_try_whose_instance_died_goes_to_the_next(database: Database) {
    let world = World::new(database).await;
    let partner = world.nobody(10).await;
    let mut worker = world.worker();
    assert_eq!(worker.step().await.unwrap(), 10);
    world.hand.advance(BACKOFF);
    let now = world.context.clock.now();
    let queue = QueueKey {
        campaign: world.campaign,
        partner,
    };
    let circuit = OpenCircuit {
        until: now + LONGEST_PAUSE,
        times: 1,
    };
    let taken = world.db.run_tx("test.claim", |tx| {
        Box::pin(async move { claim(tx, queue, circuit, now).await })
    });
    assert!(taken.await.unwrap());
    assert_eq!(worker.step().await.unwrap(), 0);
    world.hand.advance(LONGEST_PAUSE);
    assert_eq!(worker.step().await.unwrap(), 1);
}

/// The line to the bureau, which can be down.
struct Line(JoinHandle<()>);

impl Line {
    /// Carries what comes to a port to the bureau, until this is dropped. Port 0 is any that is free; gives which it is.
    async fn open(world: &World, port: u16) -> (Self, u16) {
        let near = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = near.local_addr().unwrap().port();
        let far = world.bureau_at;
        let carry = async move {
            let mut lines = JoinSet::new();
            while let Ok((mut near, _)) = near.accept().await {
                lines.spawn(async move {
                    let mut far = TcpStream::connect(far).await.unwrap();
                    // Either side may hang up.
                    drop(copy_bidirectional(&mut near, &mut far).await);
                });
            }
        };
        (Self(tokio::spawn(carry)), port)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The bureau has everything and is gone when it is asked. Nothing waits that could be sent to see whether it is back: one question is.
#[apply(both)]
async fn a_circuit_over_an_empty_queue_is_tried_with_a_question(database: Database) {
    let world = World::new(database).await;
    let (line, port) = Line::open(&world, 0).await;
    let endpoint = format!("https://localhost:{port}");
    let partner = world.partner(push("sandbox-bureau", &endpoint)).await;
    let ids = world.enroll_many(partner, "666010001", 6).await;
    let mut worker = world.worker();
    assert_eq!(worker.step().await.unwrap(), 6);
    assert!(world.all_are(&ids, "ACCEPTED").await);
    drop(line);
    world.hand.advance(OVERDUE);
    assert_eq!(worker.step().await.unwrap(), 6);
    assert_eq!(world.open_circuits().await[0].times, 1);
    world.hand.advance(OVERDUE);
    assert_eq!(worker.step().await.unwrap(), 1, "nobody answers yet");
    assert_eq!(world.open_circuits().await[0].times, 2);
    assert_eq!(worker.step().await.unwrap(), 0);
    let (_line, _) = Line::open(&world, port).await;
    world.hand.advance(OVERDUE);
    assert_eq!(worker.step().await.unwrap(), 1);
    assert_eq!(world.open_circuits().await, []);
    assert_eq!(worker.step().await.unwrap(), 5);
    assert!(world.all_are(&ids, "ACTIVE").await);
}

/// Somebody who withdrew enrolls again, and that order waits for the outcome of the withdrawal. It can be sent only when that is known, so
/// here too a question is how the circuit is tried.
#[apply(both)]
async fn an_order_that_waits_for_an_outcome_keeps_no_circuit_open(database: Database) {
    let world = World::new(database).await;
    let (line, port) = Line::open(&world, 0).await;
    let endpoint = format!("https://localhost:{port}");
    let partner = world.partner(push("sandbox-bureau", &endpoint)).await;
    let ids = world.enroll_many(partner, "666010001", 5).await;
    let mut worker = world.worker();
    assert_eq!(worker.step().await.unwrap(), 5);
    world.cancel(ids[0]).await;
    let accept =
        "UPDATE handoff SET state = 'ACCEPTED', acknowledged_at = created_at WHERE kind = 'CANCEL'";
    world.owner.execute_unprepared(accept).await.unwrap();
    let again = world.enroll_again(ids[0]).await;
    drop(line);
    world.hand.advance(OVERDUE);
    assert_eq!(worker.step().await.unwrap(), 6, "they are asked after");
    assert_eq!(world.open_circuits().await.len(), 1);
    assert_eq!(world.state(again).await, "QUEUED");
    let (_line, _) = Line::open(&world, port).await;
    world.hand.advance(OVERDUE);
    assert_eq!(worker.step().await.unwrap(), 1);
    assert_eq!(world.open_circuits().await, []);
    worker.step().await.unwrap();
    worker.step().await.unwrap();
    assert_eq!(world.state(again).await, "ACCEPTED");
}

/// An instance without the key of a campaign leaves the try to those that have it.
#[apply(both)]
async fn whoever_can_send_nothing_takes_no_try(database: Database) {
    let world = World::new(database).await;
    world.nobody(6).await;
    assert_eq!(world.worker().step().await.unwrap(), 6);
    world.hand.advance(BACKOFF);
    let before = world.open_circuits().await;
    assert_eq!(world.keyless_worker().step().await.unwrap(), 0);
    assert_eq!(world.open_circuits().await, before);
    assert_eq!(world.worker().step().await.unwrap(), 1);
}

/// An instance without its certificate can call nobody: it leases nothing, and leaves that to the others.
#[apply(both)]
async fn whoever_can_call_nobody_leases_nothing(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let id = world.enroll(partner, "666010001").await;
    let nothing = Credentials {
        tls: TlsFiles::in_directory(Path::new("nowhere"), "nobody"),
        secrets: None,
    };
    let mut worker = PushWorker::new(world.context.clone(), nothing, "test");
    assert_eq!(worker.step().await.unwrap(), 0);
    let row = world.row(id).await;
    assert_eq!((row.state.as_str(), row.attempts), ("QUEUED", 0));
    assert_eq!(world.worker().step().await.unwrap(), 1);
}
