//! A REST API that is down, slow, busy or closed to us meets the same rules as a partner that speaks gRPC.

use std::time::Duration;

use redress::db::entities::{ClosedSet as _, partner};
use redress::kernel::clock::Timestamp;
use redress::kernel::ids::{HandoffId, PartnerId};
use sea_orm::EntityTrait;

use super::http::{Api, NAME, SECRET, at, by_certificate, patient};
use super::world::{BACKOFF, World};
use crate::harness::{Database, apply, both};

/// How long a call may take where one never ends.
const HANGS: Duration = Duration::from_secs(2);

impl World {
    async fn rests_until(&self, id: PartnerId) -> Option<Timestamp> {
        let row = partner::Entity::find_by_id(id).one(&self.owner).await;
        row.unwrap().unwrap().throttled_until
    }
}

/// 503 says that it was not taken; it waits, is tried again, and never dies of it.
#[apply(both)]
async fn a_bureau_that_is_down_at_first_gets_it_later(database: Database) {
    let world = patient(database).await;
    let api = Api::open(&world).await;
    let id = world.enroll(api.partner, "666150001").await;
    let mut worker = world.worker();
    for _ in 0..2 {
        worker.step().await.unwrap();
        assert_eq!(world.state(id).await, "QUEUED");
        world.hand.advance(BACKOFF);
    }
    worker.step().await.unwrap();
    assert_eq!(world.state(id).await, "ACCEPTED");
    let attempts = world.attempts(id).await;
    assert_eq!(attempts, ["UNAVAILABLE", "UNAVAILABLE", "ANSWERED"]);
}

/// 429 with Retry-After rests as long as it says, without it for a second and then longer; the pace is the partner's, for all instances.
#[apply(both)]
async fn a_busy_bureau_rests_as_long_as_it_wants(database: Database) {
    let world = patient(database).await;
    let api = Api::open(&world).await;
    for (ssn, rest) in [("666270001", 2), ("666230001", 1)] {
        let id = world.enroll(api.partner, ssn).await;
        let mut worker = world.worker();
        assert_eq!(worker.step().await.unwrap(), 1);
        let until = world.context.clock.now() + Duration::from_secs(rest);
        assert_eq!(world.rests_until(api.partner).await, Some(until), "{ssn}");
        let other = world.enroll(api.partner, "666010001").await;
        assert_eq!(worker.step().await.unwrap(), 0);
        assert_eq!(
            world.worker().step().await.unwrap(),
            0,
            "nor another instance"
        );
        for _ in 0..3 {
            world.hand.advance(BACKOFF);
            worker.step().await.unwrap();
        }
        assert_eq!(world.state(other).await, "ACCEPTED");
        assert_eq!(world.state(id).await, "ACCEPTED");
        let attempts = world.attempts(id).await;
        assert_eq!(attempts, ["THROTTLED", "THROTTLED", "ANSWERED"], "{ssn}");
        assert_eq!(
            world.row(id).await.tries,
            0,
            "it says nothing of the handoff"
        );
    }
    assert_eq!(world.offers(), [1; 4]);
}

/// 500 for some people and no answer at all for others: both are asked about, and stop nobody.
#[apply(both)]
async fn people_at_whom_the_bureau_breaks_do_not_stop_the_others(database: Database) {
    let world = World::with_rules(database, |rules| rules.call_timeout = HANGS).await;
    let api = Api::open(&world).await;
    let mut broken = world.enroll_many(api.partner, "666210001", 3).await;
    broken.extend(world.enroll_many(api.partner, "666220001", 1).await);
    let good = world.enroll_many(api.partner, "666010001", 10).await;
    let mut worker = world.worker();
    worker.step().await.unwrap();
    assert!(world.all_are(&good, "ACCEPTED").await);
    assert!(world.all_are(&broken, "UNSETTLED").await);
    world.hand.advance(BACKOFF);
    worker.step().await.unwrap();
    for id in &broken {
        // It was asked first and does not know them, so they were sent again.
        assert_eq!(world.attempts(*id).await, ["UNSEEN", "UNSEEN"]);
    }
    assert_eq!(world.offers(), [1; 10]);
}

/// Our password has expired: the bureau sends everybody to a page. The breaker opens, nothing is lost, and it goes on by itself.
#[apply(both)]
async fn an_expired_password_opens_the_breaker_and_loses_nothing(database: Database) {
    let world = patient(database).await;
    let api = Api::open(&world).await;
    let ids = world.enroll_many(api.partner, "666280001", 5).await;
    let mut worker = world.worker();
    assert_eq!(worker.step().await.unwrap(), 5);
    for id in &ids {
        assert_eq!(world.attempts(*id).await, ["REJECTED"]);
        assert_eq!(
            world.row(*id).await.failures,
            0,
            "it is not the order's fault"
        );
    }
    let later = world.enroll(api.partner, "666010001").await;
    assert_eq!(worker.step().await.unwrap(), 0, "the breaker is open");
    for _ in 0..10 {
        world.hand.advance(BACKOFF);
        worker.step().await.unwrap();
    }
    assert!(world.all_are(&ids, "ACCEPTED").await);
    assert_eq!(world.state(later).await, "ACCEPTED");
    assert_eq!(world.offers(), [1; 6]);
}

/// Without a secret, or with a wrong one, nothing is sent; put right, it goes on without a restart.
#[apply(both)]
async fn without_a_token_nothing_is_sent(database: Database) {
    let world = patient(database).await;
    let api = Api::open(&world).await;
    let id = world.enroll(api.partner, "666010001").await;
    let mut worker = world.worker();
    for secret in ["", "wrong"] {
        world.keep_secret(NAME, secret);
        assert_eq!(worker.step().await.unwrap(), 1, "{secret:?}");
        let row = world.row(id).await;
        assert_eq!((row.state.as_str(), row.sent_at), ("QUEUED", None));
        assert_eq!(world.attempts(id).await.last(), Some(&"UNAVAILABLE"));
        world.hand.advance(BACKOFF);
    }
    world.keep_secret(NAME, SECRET);
    worker.step().await.unwrap();
    assert_eq!(world.state(id).await, "ACCEPTED");
}

/// Nobody listens: it was certainly not sent, and the breaker keeps the attempts few.
#[apply(both)]
async fn a_bureau_without_a_connection_never_kills_a_handoff(database: Database) {
    let world = patient(database).await;
    let mut nowhere = at("127.0.0.1:1".parse().unwrap());
    nowhere.http_layout = by_certificate(&nowhere.http_layout);
    let partner = world.partner(nowhere).await;
    let ids: Vec<HandoffId> = world.enroll_many(partner, "666010001", 8).await;
    let mut worker = world.worker();
    let mut calls = 0;
    for _ in 0..12 {
        calls += worker.step().await.unwrap();
        world.hand.advance(BACKOFF);
    }
    assert!((8..=8 + 12).contains(&calls), "{calls}");
    for id in ids {
        let row = world.row(id).await;
        assert_eq!((row.state.as_str(), row.sent_at), ("QUEUED", None));
    }
}
