//! What a partner does with the orders that it holds, and how it compares its books with ours.

use std::time::Duration;

use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::bureau::v1::{EnrollmentProgress, HandoffKind};
use redress::wire::redress::handoff::v1::{
    ExtendLeasesRequest, GetHandoffRequest, GetHandoffResponse, HandoffState,
    ListPartnerHandoffsRequest, PartnerHandoff, ReturnHandoffsRequest,
};
use redress::wire::redress::r#type::v1::OutcomeClass;

use super::pull::{acknowledge, drain};
use super::said::{another_partner, report, status, word};
use super::world::{LEASE, World};
use crate::harness::{Database, apply, both};

fn minutes(minutes: i64) -> prost_types::Duration {
    prost_types::Duration {
        seconds: minutes * 60,
        nanos: 0,
    }
}

async fn own(world: &World, id: &str) -> GetHandoffResponse {
    let get = GetHandoffRequest {
        handoff_id: id.to_owned(),
    };
    let mut client = world.as_partner("sandbox-bureau");
    client.get_handoff(get).await.unwrap().into_inner()
}

/// What is given back is offered after the delay, without waiting for the lease; what is not held stays as it is.
#[apply(both)]
async fn what_is_given_back_is_offered_again(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let later = world.enroll(partner, "666010001").await.to_string();
    let taken = world.enroll(partner, "666010002").await.to_string();
    let offers = drain(&world, 0).await;
    assert_eq!(offers.len(), 2);
    let mut client = world.as_partner("sandbox-bureau");
    let acknowledged: Vec<_> = offers
        .into_iter()
        .filter(|it| it.handoff_id == taken)
        .collect();
    client
        .acknowledge_handoffs(acknowledge(&world, &acknowledged))
        .await
        .unwrap();
    another_partner(&world).await;
    let request = ReturnHandoffsRequest {
        request_id: world.request_id(),
        handoff_ids: vec![
            later.clone(),
            later.clone(),
            taken,
            "canary".to_owned(),
            world.request_id(),
        ],
        retry_delay: Some(minutes(10)),
    };
    let of_another = world
        .as_partner("other")
        .return_handoffs(request.clone())
        .await;
    assert_eq!(
        word(&of_another.unwrap().into_inner().verdicts[0]),
        "UNKNOWN_HANDOFF"
    );
    for _ in 0..2 {
        // The same call is the same call.
        let verdicts = client.return_handoffs(request.clone()).await.unwrap();
        let words: Vec<_> = verdicts.get_ref().verdicts.iter().map(word).collect();
        assert_eq!(
            words,
            [
                "APPLIED",
                "APPLIED",
                "UNCHANGED",
                "MALFORMED",
                "UNKNOWN_HANDOFF"
            ]
        );
    }
    let id = later.parse().unwrap();
    assert_eq!(world.state(id).await, "QUEUED");
    assert_eq!(world.attempts(id).await, ["UNAVAILABLE"]);
    world.hand.advance(Duration::from_mins(9));
    assert!(drain(&world, 0).await.is_empty(), "it asked for ten");
    world.hand.advance(Duration::from_mins(1));
    let again = drain(&world, 0).await;
    assert_eq!(
        (again.len(), again[0].handoff_id.as_str()),
        (1, later.as_str())
    );
}

/// Who needs longer keeps the order; nobody else gets it meanwhile.
#[apply(both)]
async fn an_extended_lease_holds(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let id = world.enroll(partner, "666010001").await;
    let offers = drain(&world, 0).await;
    let mut client = world.as_partner("sandbox-bureau");
    for _ in 0..3 {
        world.hand.advance(LEASE / 2);
        let request = ExtendLeasesRequest {
            request_id: world.request_id(),
            handoff_ids: vec![id.to_string()],
        };
        let extended = client.extend_leases(request.clone()).await.unwrap();
        let extended = extended.into_inner();
        assert_eq!(word(&extended.verdicts[0]), "APPLIED");
        let end = extended.lease_expire_time.unwrap();
        assert!(end.seconds > world.context.clock.now().to_proto().seconds);
        world.hand.advance(Duration::from_secs(1));
        let repeated = client.extend_leases(request).await.unwrap().into_inner();
        assert_eq!(repeated, extended, "the same call is the same call");
        assert!(drain(&world, 0).await.is_empty(), "it is held");
    }
    world.hand.advance(LEASE);
    assert_eq!(drain(&world, 0).await.len(), 1, "a lease still ends");
    client
        .acknowledge_handoffs(acknowledge(&world, &offers))
        .await
        .unwrap();
    let request = ExtendLeasesRequest {
        request_id: world.request_id(),
        handoff_ids: vec![id.to_string()],
    };
    let late = client.extend_leases(request).await.unwrap().into_inner();
    assert_eq!(word(&late.verdicts[0]), "UNCHANGED");
    let endless = ReturnHandoffsRequest {
        request_id: world.request_id(),
        handoff_ids: vec![id.to_string()],
        retry_delay: Some(minutes(61)),
    };
    let refused = client.return_handoffs(endless).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::InvalidRequest));
}

/// The leases of a partner that we call are our worker's.
#[apply(both)]
async fn a_partner_that_we_call_holds_no_leases(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let id = world.enroll(partner, "666010001").await;
    let mut client = world.as_partner("sandbox-bureau");
    let back = ReturnHandoffsRequest {
        request_id: world.request_id(),
        handoff_ids: vec![id.to_string()],
        retry_delay: None,
    };
    let refused = client.return_handoffs(back).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::PartnerState));
    let longer = ExtendLeasesRequest {
        request_id: world.request_id(),
        handoff_ids: vec![id.to_string()],
    };
    let refused = client.extend_leases(longer).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::PartnerState));
}

/// A partner that lost an order between our stream and its books asks for it by its id.
#[apply(both)]
async fn an_order_is_given_again_while_it_is_owed(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let id = world.enroll(partner, "666010001").await.to_string();
    let early = own(&world, &id).await;
    assert_eq!(early.order, None, "it was never offered");
    let offers = drain(&world, 0).await;
    let again = own(&world, &id).await;
    assert!(!format!("{again:?}").contains("Lovelace"));
    assert_eq!(again.order.as_ref(), Some(&offers[0]), "the same order");
    let mut client = world.as_partner("sandbox-bureau");
    client
        .acknowledge_handoffs(acknowledge(&world, &offers))
        .await
        .unwrap();
    let taken = own(&world, &id).await;
    assert_eq!(taken.order, None, "nobody's data leaves without need");
    let handoff = taken.handoff.unwrap();
    assert_eq!(
        (handoff.state(), handoff.kind(), handoff.attempt),
        (HandoffState::Accepted, HandoffKind::Enroll, 1)
    );
    assert_eq!(handoff.engagement_number, "B123456");
    assert_eq!(handoff.coverage.unwrap().product_code, "TRIPLE-24");
}

/// The partner's list is whole, its own, page by page, and can begin where the last comparison ended.
#[apply(both)]
async fn a_partner_compares_its_books_with_ours(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    another_partner(&world).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(world.enroll(partner, "666010001").await.to_string());
    }
    let offers = drain(&world, 0).await;
    let mut client = world.as_partner("sandbox-bureau");
    client
        .acknowledge_handoffs(acknowledge(&world, &offers))
        .await
        .unwrap();
    world.hand.advance(Duration::from_hours(1));
    let since = world.context.clock.now().to_proto();
    let frozen = status(
        &ids[3],
        EnrollmentProgress::ActionRequired,
        OutcomeClass::FileFrozen,
    );
    let frozen = redress::wire::redress::bureau::v1::EnrollmentStatus {
        partner_reference: String::new(),
        native_code: "SC203".to_owned(),
        revision: 7,
        ..frozen
    };
    assert_eq!(
        report(&world, "sandbox-bureau", vec![frozen]).await,
        ["APPLIED"]
    );
    let list = async |name: &str, request: ListPartnerHandoffsRequest| {
        let mut client = world.as_partner(name);
        let mut request = request;
        let mut all: Vec<PartnerHandoff> = Vec::new();
        loop {
            let page = client.list_partner_handoffs(request.clone()).await.unwrap();
            let page = page.into_inner();
            assert!(page.handoffs.len() <= 2);
            all.extend(page.handoffs);
            if page.next_page_token.is_empty() {
                return all;
            }
            request.page_token = page.next_page_token;
        }
    };
    let all = ListPartnerHandoffsRequest {
        page_size: 2,
        ..ListPartnerHandoffsRequest::default()
    };
    let found = list("sandbox-bureau", all.clone()).await;
    let found: Vec<_> = found.into_iter().map(|it| it.handoff_id).collect();
    assert_eq!(found, ids);
    assert!(list("other", all.clone()).await.is_empty());
    let changed = ListPartnerHandoffsRequest {
        changed_since_time: Some(since),
        ..all.clone()
    };
    let changed = list("sandbox-bureau", changed).await;
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].handoff_id, ids[3]);
    assert_eq!(changed[0].outcome_class(), OutcomeClass::FileFrozen);
    assert_eq!(
        (changed[0].native_code.as_str(), changed[0].revision),
        ("SC203", 7)
    );
    let accepted = ListPartnerHandoffsRequest {
        state: HandoffState::Accepted.into(),
        ..all
    };
    assert_eq!(list("sandbox-bureau", accepted).await.len(), 4);
    let odd = ListPartnerHandoffsRequest {
        state: 99,
        page_size: -1,
        page_token: "canary".to_owned(),
        ..ListPartnerHandoffsRequest::default()
    };
    let refused = client.list_partner_handoffs(odd).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::InvalidRequest));
    assert!(!format!("{refused:?}").contains("canary"));
}
