//! What processes keep for a while they delete again: each its own rows, without being asked.

use redress::db::Process;
use redress::db::entities::{idempotency, throttle};
use redress::kernel::clock::Timestamp;
use sea_orm::{DatabaseConnection, EntityTrait, PaginatorTrait, Set};
use uuid::Uuid;

use crate::harness::processes::House;
use crate::harness::walk::SETTLED;
use crate::harness::{Database, apply, both, poll};

/// A request of long ago, and a throttle that has held nobody back for as long.
async fn keep_old_rows(owner: &DatabaseConnection, process: Process) {
    let request = idempotency::ActiveModel {
        request_id: Set(Uuid::from_u128(1)),
        process: Set(process.as_str().to_owned()),
        caller: Set("operator/one".to_owned()),
        method: Set("OfLongAgo".to_owned()),
        fingerprint: Set(Uuid::nil()),
        result: Set("{}".to_owned()),
        created_at: Set(Timestamp::EPOCH),
    };
    let throttled = throttle::ActiveModel {
        key: Set(Uuid::from_u128(1)),
        process: Set(process.as_str().to_owned()),
        tat: Set(Timestamp::EPOCH),
    };
    let request = idempotency::Entity::insert(request).exec_without_returning(owner);
    assert_eq!(request.await.unwrap(), 1);
    let throttled = throttle::Entity::insert(throttled).exec_without_returning(owner);
    assert_eq!(throttled.await.unwrap(), 1);
}

#[apply(both)]
async fn every_process_deletes_its_old_requests_and_throttles_after_its_start(database: Database) {
    let owner = database.owner().await;
    for process in Process::ALL {
        keep_old_rows(&owner, process).await;
    }
    let _house = House::open(database).await;
    poll::until("the old rows to be deleted", SETTLED, async || {
        let requests = idempotency::Entity::find().count(&owner).await.unwrap();
        let throttles = throttle::Entity::find().count(&owner).await.unwrap();
        (requests == 0 && throttles == 0).then_some(())
    })
    .await;
}
