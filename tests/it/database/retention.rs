//! What piles up is deleted after the time that the settings say, a batch at a time; the audit log only by its owner.

use std::sync::Arc;
use std::time::Duration;

use redress::db::entities::{audit_event, idempotency, throttle};
use redress::db::{Process, audit_log};
use redress::kernel::clock::Timestamp;
use redress::kernel::ids::Ids;
use redress::kernel::keyring::{Keyring, Purpose};
use redress::process::{self, Retention};
use sea_orm::{DatabaseConnection, EntityTrait, PaginatorTrait, Set};
use uuid::Uuid;

use super::seed::{NOW, clock};
use crate::harness::{Database, apply, both};

const DAY: Duration = Duration::from_hours(24);
/// More than two batches.
const MANY: u128 = 2_300;

async fn keep(owner: &DatabaseConnection) {
    let rows = (0..MANY).map(|number| idempotency::ActiveModel {
        request_id: Set(Uuid::from_u128(number)),
        process: Set("codes".to_owned()),
        caller: Set("operator/one".to_owned()),
        method: Set("OfLongAgo".to_owned()),
        fingerprint: Set(Uuid::nil()),
        result: Set("{}".to_owned()),
        created_at: Set(NOW + Duration::from_micros(u64::try_from(number).unwrap())),
    });
    idempotency::Entity::insert_many(rows)
        .exec_without_returning(owner)
        .await
        .unwrap();
    let row = throttle::ActiveModel {
        key: Set(Uuid::nil()),
        process: Set("codes".to_owned()),
        tat: Set(NOW),
    };
    throttle::Entity::insert(row)
        .exec_without_returning(owner)
        .await
        .unwrap();
}

async fn left(owner: &DatabaseConnection) -> (u64, u64) {
    (
        idempotency::Entity::find().count(owner).await.unwrap(),
        throttle::Entity::find().count(owner).await.unwrap(),
    )
}

#[apply(both)]
async fn requests_and_throttles_are_kept_as_long_as_the_settings_say(database: Database) {
    let owner = database.owner().await;
    keep(&owner).await;
    let (clock, hand) = clock();
    let ids = Ids::seeded(clock.clone(), 1);
    let keys = Arc::new(Keyring::generate(&[Purpose::Code]));
    let db = database.open(Process::Codes).await;
    let retention = Retention {
        requests: DAY * 10,
        throttles: DAY * 20,
    };
    let context = process::Context::new(clock, ids, db.clone(), keys, Purpose::Code);
    let context = context.keeping(retention);
    let prune = async || process::housekeeping::prune(&context).await.unwrap();
    hand.advance(DAY * 9);
    prune().await;
    assert_eq!(left(&owner).await, (2_300, 1));
    hand.advance(DAY * 2);
    db.statements().watch();
    prune().await;
    assert_eq!(left(&owner).await, (0, 1));
    let sent = db.statements().seen();
    let batches = sent
        .iter()
        .filter(|sql| sql.starts_with("DELETE FROM idempotency"));
    assert_eq!(batches.count(), 3);
    hand.advance(DAY * 10);
    prune().await;
    assert_eq!(left(&owner).await, (0, 0));
}

fn event(ids: &Ids, at: Timestamp) -> audit_event::ActiveModel {
    audit_event::ActiveModel {
        id: Set(ids.next()),
        process: Set("codes".to_owned()),
        campaign_id: Set(None),
        at: Set(at),
        actor: Set("service/enrollment-codes".to_owned()),
        action: Set("terms.ended".to_owned()),
        subject_kind: Set("campaign".to_owned()),
        subject_id: Set(None),
        detail: Set("{}".to_owned()),
    }
}

#[apply(both)]
async fn the_audit_log_is_cut_by_its_owner_at_a_day(database: Database) {
    let owner = database.owner().await;
    let (clock, hand) = clock();
    let ids = Ids::seeded(clock.clone(), 1);
    for _ in 0..5 {
        let row = event(&ids, clock.now());
        let written = audit_event::Entity::insert(row).exec_without_returning(&owner);
        written.await.unwrap();
        hand.advance(DAY);
    }
    let cut = NOW + DAY * 3;
    assert_eq!(audit_log::prune(&database.url(), cut).await, Ok(3));
    assert_eq!(audit_log::prune(&database.url(), cut).await, Ok(0));
    let left = audit_event::Entity::find().all(&owner).await.unwrap();
    assert!(left.len() == 2 && left.iter().all(|event| event.at >= cut));
}
