//! Rows that the tests need before they can begin.

use redress::db::entities::throttle;
use redress::db::{Error, Tx};
use redress::kernel::clock::{Clock, ManualClock, Timestamp};
use redress::kernel::ids::Ids;
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait, Set};
use uuid::Uuid;

/// The middle of an ordinary day.
pub const NOW: Timestamp = Timestamp::from_micros(1_437_091_200_000_000);

/// A clock that stands at [`NOW`].
pub fn clock() -> (Clock, ManualClock) {
    Clock::manual(NOW)
}

/// Ids that repeat from run to run.
pub fn ids() -> Ids {
    Ids::seeded(clock().0, 42)
}

/// Writes a row of `throttle`, the smallest table there is to write to.
pub async fn insert(tx: &Tx<'_>, key: Uuid) -> Result<(), Error> {
    let row = throttle::ActiveModel {
        key: Set(key),
        process: Set(tx.process().as_str().to_owned()),
        tat: Set(NOW),
    };
    throttle::Entity::insert(row)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Counts the rows of `throttle`.
pub async fn throttle_rows(connection: &impl ConnectionTrait) -> u64 {
    throttle::Entity::find()
        .count(connection)
        .await
        .expect("the rows are counted")
}
