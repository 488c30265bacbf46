//! Whoever withdrew is not sent any more, whatever came before.

use std::time::Duration;

use redress::wire::redress::bureau::v1::{EnrollmentOrder, HandoffKind};
use redress::wire::redress::handoff::v1::{GetHandoffRequest, UpdatePartnerRequest};
use tokio::net::TcpListener;

use super::pull::{acknowledge, drain};
use super::running::Running;
use super::seed::push;
use super::world::{BACKOFF, LEASE, World};
use crate::harness::{Database, apply, both};

const FIVE_MINUTES: Duration = Duration::from_mins(5);

/// The bureau answered UNAVAILABLE, broke, or never answered; then the person withdrew. What it is told afterwards bears no person.
#[apply(both)]
async fn who_withdrew_after_a_bad_answer_is_never_sent_again(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let mut enrolls = Vec::new();
    for ssn in ["666150001", "666210001", "666220001", "666230001"] {
        enrolls.push(world.enroll(partner, ssn).await);
    }
    world.worker().step().await.unwrap();
    let mut ids = enrolls.clone();
    for enroll in &enrolls {
        ids.push(world.cancel(*enroll).await);
    }
    let running = Running::of(world.worker());
    world
        .pass_until(FIVE_MINUTES, async || world.all_are(&ids, "CANCELED").await)
        .await;
    running.stop().await;
    assert!(world.booked().is_empty(), "nobody was enrolled");
    for (enroll, cancel) in enrolls.iter().zip(&ids[4..]) {
        assert_eq!(world.attempts(*enroll).await.len(), 1, "sent once");
        let outcomes = [world.outcomes(*enroll).await, world.outcomes(*cancel).await];
        assert_eq!(outcomes.concat(), ["CANCELED"], "told once");
    }
}

/// The partner's address took the connection and said nothing.
#[apply(both)]
async fn who_withdrew_while_the_line_was_silent_is_never_sent(database: Database) {
    let world = World::new(database).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("https://localhost:{}", silent.local_addr().unwrap().port());
    let partner = world.partner(push("sandbox-bureau", &endpoint)).await;
    let enroll = world.enroll(partner, "666010001").await;
    world.worker().step().await.unwrap();
    let cancel = world.cancel(enroll).await;
    let update = UpdatePartnerRequest {
        request_id: world.request_id(),
        partner_id: partner.to_string(),
        endpoint: Some(format!("https://localhost:{}", world.bureau_at.port())),
        ..UpdatePartnerRequest::default()
    };
    world.partners().update_partner(update).await.unwrap();
    let running = Running::of(world.worker());
    world
        .pass_until(FIVE_MINUTES, async || {
            world.all_are(&[enroll, cancel], "CANCELED").await
        })
        .await;
    running.stop().await;
    assert!(world.booked().is_empty());
}

/// A withdrawal waits for the answer that is due, so that it does not overtake the order.
#[apply(both)]
async fn a_withdrawal_waits_while_the_order_may_be_under_way(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let enroll = world.enroll(partner, "666160001").await;
    let mut worker = world.worker();
    worker.step().await.unwrap();
    assert_eq!(world.state(enroll).await, "UNSETTLED");
    let cancel = world.cancel(enroll).await;
    assert_eq!(worker.step().await.unwrap(), 0);
    world.hand.advance(BACKOFF);
    assert_eq!(worker.step().await.unwrap(), 1, "the withdrawal alone");
    assert!(world.all_are(&[enroll, cancel], "CANCELED").await);
    assert_eq!(world.offers(), [1]);
}

/// By pull the order is not offered again, nor given again; the withdrawal is.
#[apply(both)]
async fn a_pulling_partner_gets_the_withdrawal_and_not_the_order(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let enroll = world.enroll(partner, "666010001").await;
    assert_eq!(drain(&world, 0).await.len(), 1);
    let cancel = world.cancel(enroll).await;
    let get = GetHandoffRequest {
        handoff_id: enroll.to_string(),
    };
    let mut client = world.as_partner("sandbox-bureau");
    let got = client.get_handoff(get).await.unwrap().into_inner();
    assert_eq!(got.order, None);
    world.hand.advance(LEASE);
    let offers = drain(&world, 0).await;
    let kinds: Vec<_> = offers.iter().map(EnrollmentOrder::kind).collect();
    assert_eq!(kinds, [HandoffKind::Cancel]);
    assert_eq!(offers[0].handoff_id, cancel.to_string());
    client
        .acknowledge_handoffs(acknowledge(&world, &offers))
        .await
        .unwrap();
    world.hand.advance(LEASE);
    assert!(drain(&world, 0).await.is_empty());
}
