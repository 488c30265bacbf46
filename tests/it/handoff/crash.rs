//! What a kill leaves behind, what is given up on, and how it comes back.

use redress::db::entities::ClosedSet;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::handoff::v1::ReplayHandoffRequest;
use sea_orm::{ActiveModelTrait, IntoActiveModel};

use super::world::{BACKOFF, LEASE, World};
use crate::harness::{Database, apply, both};

/// The worker dies after it sent and before it heard; another one asks first.
#[apply(both)]
async fn a_worker_killed_between_send_and_settle_enrolls_nobody_twice(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let id = world.enroll(partner, "666160001").await;
    let mut worker = world.worker();
    // Dropped when the bureau has booked it and keeps its answer back.
    tokio::select! {
        _ = worker.step() => panic!("the partner answered"),
        () = world.until_offered() => {}
    }
    drop(worker);
    assert_eq!(world.offers(), [1]);
    assert_eq!(world.state(id).await, "LEASED");
    let mut other = world.worker();
    assert_eq!(other.step().await.unwrap(), 0, "the lease still runs");
    world.hand.advance(LEASE);
    assert_eq!(other.step().await.unwrap(), 1);
    assert_eq!(world.state(id).await, "ACTIVE");
    assert_eq!(world.attempts(id).await, ["LEASE_EXPIRED", "ANSWERED"]);
    assert_eq!(world.offers(), [1], "asked, and not sent again");
}

/// The answer comes when the lease has passed to another worker: it is a fact all the same, and recorded once.
#[apply(both)]
async fn an_answer_after_the_lease_is_a_fact(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let id = world.enroll(partner, "666160001").await;
    let mut slow = world.worker();
    let mut quick = world.worker();
    let slow = async { slow.step().await.unwrap() };
    let quick = async {
        world.until_offered().await;
        world.hand.advance(LEASE);
        quick.step().await.unwrap()
    };
    tokio::join!(slow, quick);
    let row = world.row(id).await;
    assert_eq!(
        row.state.as_str(),
        "ACTIVE",
        "the time-out of the first changes nothing any more"
    );
    assert_eq!(world.outcomes(id).await, ["ACTIVE"]);
    assert_eq!(world.offers(), [1]);
}

/// Whoever was erased cannot be sent; whoever came back can be replayed.
#[apply(both)]
async fn an_erased_person_is_dead_and_can_be_replayed(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let id = world.enroll(partner, "666010001").await;
    let person = world.forget_person(id).await;
    let mut worker = world.worker();
    worker.step().await.unwrap();
    let row = world.row(id).await;
    assert_eq!(
        (row.state.as_str(), row.dead_reason.map(ClosedSet::as_str)),
        ("DEAD", Some("PERSON_ERASED"))
    );
    world.hand.advance(BACKOFF);
    assert_eq!(
        worker.step().await.unwrap(),
        0,
        "what is dead is left alone"
    );
    assert_eq!(world.attempts(id).await, ["GAVE_UP"]);
    assert_eq!(world.audited(id).await, ["handoff.dead"]);

    person
        .into_active_model()
        .reset_all()
        .update(&world.owner)
        .await
        .unwrap();
    let replay = ReplayHandoffRequest {
        request_id: world.request_id(),
        campaign: world.campaign.to_string(),
        handoff_id: id.to_string(),
        partner_forgot: false,
    };
    for _ in 0..2 {
        world.admin().replay_handoff(replay.clone()).await.unwrap();
    }
    worker.step().await.unwrap();
    assert_eq!(world.state(id).await, "ACCEPTED");
    let again = ReplayHandoffRequest {
        request_id: world.request_id(),
        ..replay
    };
    let refused = world.admin().replay_handoff(again).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::HandoffState));
}

/// A missing key is the operator's fault: nothing dies, and everything goes on when it is back.
#[apply(both)]
async fn a_missing_key_makes_handoffs_wait(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let id = world.enroll(partner, "666010001").await;
    let mut keyless = world.context.clone();
    keyless.common.keys = std::sync::Arc::new(redress::kernel::keyring::Keyring::default());
    let mut worker = world.worker_with(keyless);
    worker.step().await.unwrap();
    assert_eq!(world.state(id).await, "QUEUED");
    assert!(world.attempts(id).await.is_empty());
    world.hand.advance(BACKOFF);
    world.worker().step().await.unwrap();
    assert_eq!(world.state(id).await, "ACCEPTED");
    assert_eq!(world.offers(), [1]);
}
