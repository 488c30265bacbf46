//! The data keys of campaigns under a new person key.

use std::sync::Arc;

use redress::db::entities::campaign_key::{ActiveModel, Entity, Model};
use redress::identity::Context;
use redress::identity::roster::rewrap::rewrap;
use redress::kernel::clock::Timestamp;
use redress::kernel::keyring::{Keyring, Purpose};
use sea_orm::{EntityTrait, Set};

use super::house::{House, insert_campaign};
use crate::harness::{Database, apply, both};

/// More campaigns than one page of the pass has.
const CAMPAIGNS: usize = 120;

fn keys_of(house: &House, ring: &Keyring) -> Context {
    let mut context = house.context.clone();
    context.common.keys = Arc::new(ring.clone());
    context
}

/// Makes the key of a further campaign and writes its row.
async fn key(house: &House, context: &Context, destroyed: bool) -> Model {
    let mut row = context
        .new_campaign_key(house.ids.next())
        .expect("a campaign's key");
    if destroyed {
        row.wrapped = None;
        row.destroyed_at = Some(Timestamp::EPOCH);
    }
    let number = row.campaign_id.to_string();
    insert_campaign(&house.owner, (row.campaign_id, &number), context.now()).await;
    let active = ActiveModel {
        campaign_id: Set(row.campaign_id),
        key_version: Set(row.key_version),
        wrapped: Set(row.wrapped.clone()),
        created_at: Set(row.created_at),
        destroyed_at: Set(row.destroyed_at),
    };
    Entity::insert(active)
        .exec_without_returning(&house.owner)
        .await
        .expect("the row");
    row
}

async fn now(house: &House, row: &Model) -> Model {
    let row = Entity::find_by_id(row.campaign_id).one(&house.owner).await;
    row.unwrap().expect("the row")
}

#[apply(both)]
async fn every_key_of_a_campaign_is_wrapped_anew_and_opens_the_same_data(database: Database) {
    let house = House::open(&database).await;
    let mut ring = Keyring::generate(&[Purpose::Index, Purpose::Person]);
    let context = keys_of(&house, &ring);
    let mut rows = Vec::new();
    for _ in 0..CAMPAIGNS {
        rows.push(key(&house, &context, false).await);
    }
    let destroyed = key(&house, &context, true).await;
    let stranger = keys_of(
        &house,
        &Keyring::generate(&[Purpose::Index, Purpose::Person]),
    );
    let unreadable = key(&house, &stranger, false).await;

    ring.add(Purpose::Person);
    assert_eq!(
        rewrap(&keys_of(&house, &ring)).await,
        Ok(0),
        "it is on standby"
    );
    ring.promote(Purpose::Person, context.now());
    let context = keys_of(&house, &ring);
    let newest = key(&house, &context, false).await;
    assert_eq!(rewrap(&context).await, Ok(CAMPAIGNS as u64));
    assert_eq!(rewrap(&context).await, Ok(0));

    ring.remove(Purpose::Person, 1);
    let context = keys_of(&house, &ring);
    for before in &rows {
        let after = now(&house, before).await;
        assert_eq!((before.key_version, after.key_version), (1, 2));
        assert!(context.sealer(&after).is_ok());
    }
    for row in [&destroyed, &unreadable, &newest] {
        assert_eq!(now(&house, row).await, *row, "left as it was");
    }
}

#[apply(both)]
async fn an_instance_with_the_older_key_in_use_leaves_the_newer_one_alone(database: Database) {
    let house = House::open(&database).await;
    let mut standby = Keyring::generate(&[Purpose::Index, Purpose::Person]);
    standby.add(Purpose::Person);
    let mut promoted = standby.clone();
    promoted.promote(Purpose::Person, house.context.now());
    let row = key(&house, &keys_of(&house, &promoted), false).await;
    assert_eq!(rewrap(&keys_of(&house, &standby)).await, Ok(0));
    assert_eq!(now(&house, &row).await, row);
    assert!(keys_of(&house, &standby).sealer(&row).is_ok());
}
