//! Changing a partner that has orders waiting.

use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::handoff::v1::{FieldProjection, UpdatePartnerRequest};
use tonic_types::StatusExt;

use super::seed::push;
use super::world::{BACKOFF, World};
use crate::harness::{Database, apply, both};

/// A bureau that has moved gets the orders that waited for it, at its new address and with its new limits.
#[apply(both)]
async fn a_bureau_that_moved_gets_what_waited_for_it(database: Database) {
    let world = World::new(database).await;
    let nowhere = push("sandbox-bureau", "https://localhost:1");
    let partner = world.partner(nowhere).await;
    let id = world.enroll(partner, "666010001").await;
    let mut worker = world.worker();
    worker.step().await.unwrap();
    assert_eq!(world.state(id).await, "QUEUED");
    let update = UpdatePartnerRequest {
        request_id: world.request_id(),
        partner_id: partner.to_string(),
        endpoint: Some(format!("https://localhost:{}", world.bureau_at.port())),
        max_in_flight: Some(7),
        projection: Some(FieldProjection {
            family_name_max: 4,
            ..FieldProjection::default()
        }),
        server_uri: None,
        file_layout: None,
        http_layout: None,
    };
    for _ in 0..2 {
        // The same call is the same call.
        let updated = world.partners().update_partner(update.clone()).await;
        let updated = updated.unwrap().into_inner().partner.unwrap();
        assert_eq!(Some(updated.endpoint), update.endpoint);
        assert_eq!(updated.max_in_flight, 7);
        assert_eq!(updated.projection, update.projection);
    }
    world.hand.advance(BACKOFF);
    worker.step().await.unwrap();
    assert_eq!(world.state(id).await, "ACCEPTED");
    assert_eq!(world.offers(), [1]);
    assert!(
        world
            .audited(id)
            .await
            .iter()
            .any(|action| action == "handoff.projected"),
        "the family name was cut"
    );
    let lifted = UpdatePartnerRequest {
        request_id: world.request_id(),
        partner_id: partner.to_string(),
        projection: Some(FieldProjection::default()),
        ..UpdatePartnerRequest::default()
    };
    let lifted = world.partners().update_partner(lifted).await.unwrap();
    let lifted = lifted.into_inner().partner.unwrap();
    assert_eq!((lifted.projection, lifted.max_in_flight), (None, 7));
}

/// Nothing is sent to a server that is not the one the operator named, whatever authority vouches for it.
#[apply(both)]
async fn orders_wait_until_the_server_bears_the_name_that_it_should(database: Database) {
    let world = World::new(database).await;
    let endpoint = format!("https://localhost:{}", world.bureau_at.port());
    let partner = world.partner(push("sandbox-bureau", &endpoint)).await;
    let name = |uri: &str| UpdatePartnerRequest {
        request_id: world.request_id(),
        partner_id: partner.to_string(),
        server_uri: Some(uri.to_owned()),
        ..UpdatePartnerRequest::default()
    };
    for wrong in ["bureau", "://x", "spiffe://", "spiffe://a b"] {
        let refused = world.partners().update_partner(name(wrong)).await;
        let refused = refused.unwrap_err();
        assert_eq!(reason_of(&refused), Some(Reason::InvalidRequest), "{wrong}");
    }
    let other = name("spiffe://redress/service/other-bureau");
    world.partners().update_partner(other).await.unwrap();
    let id = world.enroll(partner, "666010001").await;
    let mut worker = world.worker();
    worker.step().await.unwrap();
    assert_eq!(world.state(id).await, "QUEUED");
    assert!(world.offers().is_empty(), "nothing was sent");
    let right = "spiffe://redress/service/sandbox-bureau";
    let named = world.partners().update_partner(name(right)).await.unwrap();
    let named = named.into_inner().partner.unwrap();
    assert_eq!(named.server_uri, right);
    world.hand.advance(BACKOFF);
    worker.step().await.unwrap();
    assert_eq!(world.state(id).await, "ACCEPTED");
    assert_eq!(world.offers(), [1]);
    let any = world.partners().update_partner(name("")).await.unwrap();
    assert_eq!(any.into_inner().partner.unwrap().server_uri, "");
}

/// Everything that is wrong is told at once, and nothing is changed.
#[apply(both)]
async fn a_bad_change_is_told_everything_that_is_wrong(database: Database) {
    let world = World::new(database).await;
    let partner = world.pull_partner().await;
    let wrong = UpdatePartnerRequest {
        request_id: world.request_id(),
        partner_id: partner.to_string(),
        endpoint: Some("https://localhost:7444".to_owned()),
        max_in_flight: Some(-1),
        projection: Some(FieldProjection {
            city_max: 5_000,
            ..FieldProjection::default()
        }),
        server_uri: Some("spiffe://bureau.example/enrollment".to_owned()),
        file_layout: None,
        http_layout: None,
    };
    let refused = world.partners().update_partner(wrong).await.unwrap_err();
    let violations = refused.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<&str> = violations.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "endpoint",
            "server_uri",
            "max_in_flight",
            "projection.city_max"
        ]
    );
    let nothing = UpdatePartnerRequest {
        request_id: world.request_id(),
        partner_id: partner.to_string(),
        ..UpdatePartnerRequest::default()
    };
    let refused = world.partners().update_partner(nothing.clone()).await;
    assert_eq!(
        reason_of(&refused.unwrap_err()),
        Some(Reason::InvalidRequest)
    );
    let nobody = UpdatePartnerRequest {
        partner_id: world.request_id(),
        max_in_flight: Some(1),
        ..nothing
    };
    let refused = world.partners().update_partner(nobody).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::PartnerNotFound));
}
