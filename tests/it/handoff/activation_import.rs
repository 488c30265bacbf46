//! Importing a partner's activation codes: a file once, line by line, sealed under the campaign's key.

use redress::db::entities::{activation_code, audit_event, campaign_key};
use redress::kernel::fault::{Reason, reason_of};
use redress::wire::redress::handoff::v1::{ActivationDelivery, ImportActivationCodesRequest};
use redress::wire::redress::r#type::v1::ItemReason::{Duplicate, Malformed};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};

use super::activation::{borrowed, numbered};
use super::world::World;
use crate::harness::{Database, apply, both};

/// Every row is judged by itself, by its line, and the same file again changes nothing.
#[apply(both)]
async fn a_file_of_codes_is_imported_once_and_told_by_line(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let file = [
        "AAAA-1",
        " BBBB-2 ",
        "AAAA-1",
        "no",
        "CANARY CODE",
        "cccc-3",
        "=HYPER",
    ];
    let request = world.pool(partner, &file);
    let answer = world.import(request.clone()).await.unwrap();
    assert_eq!((answer.imported, answer.known), (3, 0));
    let rejected: Vec<_> = answer
        .rejected
        .iter()
        .map(|row| (row.index, row.reason()))
        .collect();
    assert_eq!(
        rejected,
        [
            (4, Duplicate),
            (5, Malformed),
            (6, Malformed),
            (8, Malformed)
        ]
    );
    assert_eq!(
        world.import(request.clone()).await.unwrap(),
        answer,
        "the same call is the same call"
    );
    let again = ImportActivationCodesRequest {
        request_id: world.request_id(),
        ..request.clone()
    };
    let again = world.import(again).await.unwrap();
    assert_eq!(
        (again.imported, again.known, again.rejected),
        (0, 3, answer.rejected)
    );
    assert_eq!(world.counts().await, [3, 3, 0]);
    assert_eq!(world.told("activation_codes.imported").await, 1);
    let mut printed = ImportActivationCodesRequest {
        request_id: world.request_id(),
        ..request.clone()
    };
    printed.set_delivery(ActivationDelivery::Printed);
    let refused = world.import(printed).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::InvalidRequest));
    let mut other = request;
    "ZZZZ-9".clone_into(&mut other.rows[0].code);
    assert!(!format!("{other:?}").contains("ZZZZ-9"));
    let refused = world.import(other).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::RequestIdReused));
}

/// Two operators import the same file at the same time: each code is there once, and one of the two added it.
#[apply(both)]
async fn two_importers_at_once_add_each_code_once(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let codes = numbered(600);
    let mut backwards = borrowed(&codes);
    backwards.reverse();
    let one = world.import(world.pool(partner, &borrowed(&codes)));
    let other = world.import(world.pool(partner, &backwards));
    let (one, other) = tokio::join!(one, other);
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(
        (one.imported + other.imported, one.known + other.known),
        (600, 600)
    );
    assert_eq!(world.counts().await, [600, 600, 0]);
}

/// Codes are sealed under the campaign's key: without one nothing is imported, and when it is destroyed nothing is sent.
#[apply(both)]
async fn codes_need_the_campaigns_key(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let row = campaign_key::Entity::find_by_id(world.campaign)
        .one(&world.owner)
        .await
        .unwrap()
        .unwrap();
    campaign_key::Entity::delete_by_id(world.campaign)
        .exec(&world.owner)
        .await
        .unwrap();
    let refused = world
        .import(world.pool(partner, &["AAAA-1"]))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::CampaignWithoutKey));
    row.clone()
        .into_active_model()
        .reset_all()
        .insert(&world.owner)
        .await
        .unwrap();
    world
        .import(world.pool(partner, &["AAAA-1"]))
        .await
        .unwrap();
    let id = world.enroll(partner, "666010001").await;
    let mut destroyed = row.into_active_model();
    destroyed.wrapped = Set(None);
    destroyed.destroyed_at = Set(Some(world.context.clock.now()));
    destroyed.update(&world.owner).await.unwrap();
    let refused = world
        .import(world.pool(partner, &["BBBB-2"]))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::CampaignErased));
    assert!(!format!("{refused:?}").contains("BBBB"));
    world.worker().step().await.unwrap();
    assert_eq!(world.state(id).await, "DEAD");
    assert!(world.offers().is_empty());
    let stranger = ImportActivationCodesRequest {
        campaign: world.request_id(),
        ..world.pool(partner, &["AAAA-1"])
    };
    let refused = world.import(stranger).await.unwrap_err();
    assert_eq!(reason_of(&refused), Some(Reason::CampaignNotFound));
}

/// Nothing of a code stands in the database in the clear.
#[apply(both)]
async fn the_database_holds_no_code(database: Database) {
    let world = World::new(database).await;
    let partner = world.push_partner().await;
    let codes = ["CANARY-7731-XQ", "CANARY-7732-XQ"];
    world.import(world.pool(partner, &codes)).await.unwrap();
    world.enroll(partner, "666010001").await;
    world.worker().step().await.unwrap();
    let rows = activation_code::Entity::find()
        .all(&world.owner)
        .await
        .unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        let sealed = String::from_utf8_lossy(&row.sealed).into_owned();
        assert!(!sealed.contains("CANARY"));
    }
    for event in audit_event::Entity::find().all(&world.owner).await.unwrap() {
        assert!(!format!("{event:?}").contains("CANARY"));
    }
}
