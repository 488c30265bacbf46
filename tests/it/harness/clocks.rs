//! Machines whose clocks are wrong.

use std::time::Duration;

use redress::db::Db;
use redress::kernel::clock::{Clock, ManualClock};
use redress::process;

/// A process's clock, and the hand that moves it.
pub type Moved = (Clock, ManualClock);

/// The clock of a process whose machine is so many hours ahead of the database.
pub async fn ahead(db: &Db, hours: i64) -> Moved {
    let right = db.now().await.unwrap();
    let off = Duration::from_hours(hours.unsigned_abs());
    Clock::manual(if hours < 0 { right - off } else { right + off })
}

/// The same of a process that follows the database, as the real ones do.
pub async fn following(db: &Db, hours: i64) -> Moved {
    let moved = ahead(db, hours).await;
    process::follow(&moved.0, db).await.unwrap();
    moved
}
