//! Partners that pull.

use std::time::Duration;

use futures::StreamExt;
use redress::handoff::settings::Rules;
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::bureau::v1::EnrollmentOrder;
use redress::wire::redress::handoff::v1::pull_handoffs_response::Step;
use redress::wire::redress::handoff::v1::{
    AcknowledgeHandoffsRequest, HandoffAcknowledgement, PullHandoffsRequest, PullHandoffsResponse,
};

use super::said::word;
use super::world::{LEASE, World};
use crate::harness::{Database, apply, both};

pub fn wish(max_outstanding: i32, drain: bool) -> PullHandoffsRequest {
    PullHandoffsRequest {
        max_outstanding,
        drain,
    }
}

pub async fn drain(world: &World, most: i32) -> Vec<EnrollmentOrder> {
    drain_as(world, "sandbox-bureau", most).await
}

pub async fn drain_as(world: &World, name: &str, most: i32) -> Vec<EnrollmentOrder> {
    let mut client = world.as_partner(name);
    let mut stream = client
        .pull_handoffs(wish(most, true))
        .await
        .unwrap()
        .into_inner();
    let mut offers: Vec<EnrollmentOrder> = Vec::new();
    while let Some(message) = stream.next().await {
        offers.extend(orders(message.unwrap()));
    }
    offers
}

pub fn orders(message: PullHandoffsResponse) -> Vec<EnrollmentOrder> {
    let Some(Step::Offers(message)) = message.step else {
        return Vec::new();
    };
    let offers = message.offers.into_iter();
    offers.map(|offer| offer.order.unwrap()).collect()
}

pub fn acknowledge(world: &World, offers: &[EnrollmentOrder]) -> AcknowledgeHandoffsRequest {
    let item = |offer: &EnrollmentOrder| HandoffAcknowledgement {
        handoff_id: offer.handoff_id.clone(),
        partner_reference: format!("REF-{}", &offer.handoff_id[30..]),
        attempt: offer.attempt,
    };
    AcknowledgeHandoffsRequest {
        request_id: world.request_id(),
        acknowledgements: offers.iter().map(item).collect(),
    }
}

/// The acknowledgement of one of them gets lost: it is offered again, and booked once.
#[apply(both)]
async fn what_is_not_acknowledged_is_offered_again(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let kept = world.enroll(partner, "666010001").await;
    let lost = world.enroll(partner, "666160001").await;
    assert_eq!(world.puller().drain().await.unwrap(), 1);
    assert_eq!(
        (world.state(kept).await, world.state(lost).await),
        ("ACCEPTED", "LEASED")
    );
    assert_eq!(
        world.puller().drain().await.unwrap(),
        0,
        "the lease still runs"
    );
    world.hand.advance(LEASE);
    assert_eq!(world.puller().drain().await.unwrap(), 1);
    assert_eq!(world.attempts(lost).await, ["LEASE_EXPIRED", "ANSWERED"]);
    assert_eq!(world.reporter().step().await.unwrap(), 2);
    assert_eq!(
        (world.state(kept).await, world.state(lost).await),
        ("ACTIVE", "ACTIVE")
    );
    let mut offers = world.offers();
    offers.sort_unstable();
    assert_eq!(offers, [1, 2], "offered again, and in the book once");
}

/// The offer holds what the partner needs, and the acknowledgement counts after the lease, too.
#[apply(both)]
async fn an_acknowledgement_states_a_fact_whatever_the_lease_says(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let id = world.enroll(partner, "666010001").await;
    let offers = drain(&world, 0).await;
    let offer = &offers[0];
    let coverage = offer.coverage.as_ref().unwrap();
    assert_eq!(
        (
            offer.engagement_number.as_str(),
            coverage.product_code.as_str(),
            coverage.term_months
        ),
        ("B123456", "TRIPLE-24", 24)
    );
    assert_eq!(
        offer
            .subject
            .as_ref()
            .unwrap()
            .name
            .as_ref()
            .unwrap()
            .family_name,
        "Lovelace"
    );
    assert!(!format!("{offer:?}").contains("Lovelace"));
    world.hand.advance(LEASE);
    let request = acknowledge(&world, &offers);
    let mut client = world.as_partner("sandbox-bureau");
    for _ in 0..2 {
        // The same call is the same call.
        let verdicts = client
            .acknowledge_handoffs(request.clone())
            .await
            .unwrap()
            .into_inner()
            .verdicts;
        assert_eq!(word(&verdicts[0]), "APPLIED");
    }
    assert_eq!(world.state(id).await, "ACCEPTED");
    let again = acknowledge(&world, &offers);
    let verdicts = client
        .acknowledge_handoffs(again)
        .await
        .unwrap()
        .into_inner()
        .verdicts;
    assert_eq!(word(&verdicts[0]), "UNCHANGED");
    assert!(drain(&world, 0).await.is_empty());
}

/// A stream holds no more than the partner can take, and goes on when it acknowledges.
#[apply(both)]
async fn a_stream_offers_no_more_than_the_partner_takes(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    for _ in 0..5 {
        world.enroll(partner, "666010001").await;
    }
    let mut client = world.as_partner("sandbox-bureau");
    let mut stream = client
        .pull_handoffs(wish(2, false))
        .await
        .unwrap()
        .into_inner();
    let mut seen = 0;
    while seen < 5 {
        let offers = orders(stream.next().await.unwrap().unwrap());
        assert!((1..=2).contains(&offers.len()));
        let early = tokio::time::timeout(Duration::from_millis(100), stream.next()).await;
        assert!(early.is_err(), "nothing more before the acknowledgement");
        seen += offers.len();
        client
            .acknowledge_handoffs(acknowledge(&world, &offers))
            .await
            .unwrap();
    }
    assert_eq!(seen, 5);
    // What comes later is offered on the open stream.
    world.enroll(partner, "666010001").await;
    assert_eq!(orders(stream.next().await.unwrap().unwrap()).len(), 1);
}

/// A large queue is leased in bulk and drained whole.
#[apply(both)]
async fn a_large_queue_is_drained_whole(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    for _ in 0..700 {
        world.enroll(partner, "666010001").await;
    }
    let offers = drain(&world, 1_000).await;
    assert_eq!(offers.len(), 700);
    let verdicts = world
        .as_partner("sandbox-bureau")
        .acknowledge_handoffs(acknowledge(&world, &offers))
        .await
        .unwrap();
    let verdicts = verdicts.into_inner().verdicts;
    assert!(verdicts.iter().all(|verdict| word(verdict) == "APPLIED"));
}

/// Who is pushed to cannot pull, and who is nobody is told so.
#[apply(both)]
async fn only_a_partner_in_mode_pull_pulls(database: Database) {
    let world = World::new(database).await;
    world.push_partner().await;
    let refused = world
        .as_partner("sandbox-bureau")
        .pull_handoffs(wish(0, true))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::PartnerState));
    let refused = world
        .as_partner("stranger")
        .pull_handoffs(wish(0, true))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::PartnerNotFound));
    let refused = world
        .as_partner("sandbox-bureau")
        .pull_handoffs(wish(-1, true))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::InvalidRequest));
}

/// However many streams a partner opens, it holds no more than one partner may.
#[apply(both)]
async fn all_streams_of_a_partner_together_hold_no_more_than_the_settings_allow(
    database: Database,
) {
    let rules = |rules: &mut Rules| rules.pull_outstanding = 3;
    let world = World::with_rules(database, rules).await;
    let partner = world.pull_partner().await;
    for _ in 0..6 {
        world.enroll(partner, "666010001").await;
    }
    let mut client = world.as_partner("sandbox-bureau");
    let mut held = Vec::new();
    let mut streams = Vec::new();
    for room in [2, 1] {
        let stream = client.pull_handoffs(wish(2, false)).await.unwrap();
        let mut stream = stream.into_inner();
        let offers = orders(stream.next().await.unwrap().unwrap());
        assert_eq!(offers.len(), room);
        held.extend(offers);
        streams.push(stream);
    }
    let mut third = client.pull_handoffs(wish(2, false)).await.unwrap();
    let third = third.get_mut();
    let early = tokio::time::timeout(Duration::from_millis(100), third.next()).await;
    assert!(early.is_err(), "nothing before an acknowledgement");
    let acknowledged = acknowledge(&world, &held[..1]);
    client.acknowledge_handoffs(acknowledged).await.unwrap();
    let (mut first, mut second) = (streams.remove(0), streams.remove(0));
    let next = tokio::select! {
        next = first.next() => next,
        next = second.next() => next,
        next = third.next() => next,
    };
    assert_eq!(orders(next.unwrap().unwrap()).len(), 1);
}
