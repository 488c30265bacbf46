//! Throttles that hold across processes and restarts: one row a throttled thing.
//!
//! The generic cell rate algorithm (ITU-T I.371): a row holds the theoretical arrival time, the instant at which the
//! thing would have used up what it took so far at the sustained rate. A charge moves it on by one interval and is
//! refused where that would put it further ahead of now than the burst allows. A refusal takes nothing.

use std::time::Duration;

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Statement};
use uuid::Uuid;

use crate::kernel::clock::Timestamp;

use super::connect::Db;
use super::entities::throttle;
use super::error::{Error, Storage};
use super::tx::Tx;

/// How much is allowed: `burst` at once, then one an `interval`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    burst: u32,
    interval: Duration,
}

impl Limit {
    /// Allows `count` in any stretch of `period`, all at once if need be.
    pub const fn per(count: u32, period: Duration) -> Self {
        let burst = if count == 0 { 1 } else { count };
        Self {
            burst,
            interval: period.checked_div(burst).expect("burst is not zero"),
        }
    }

    /// How far ahead of now the theoretical arrival time may lie.
    fn window(self) -> Duration {
        self.interval.saturating_mul(self.burst)
    }
}

/// One thing to charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Names the thing: a keyed hash of its kind and value, so that the table tells nothing about people.
    pub key: Uuid,
    /// How much it is allowed.
    pub limit: Limit,
}

/// Why a charge was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// One of the things is over its limit.
    #[error("over the limit")]
    Throttled {
        /// Which of the charges was over its limit.
        index: usize,
        /// When it is worth trying again.
        retry_after: Duration,
    },
    /// The database did not answer: refused as well.
    #[error(transparent)]
    Storage(#[from] Error),
}

impl Storage for Refusal {
    fn storage(&self) -> Option<&Error> {
        match self {
            Self::Storage(error) => Some(error),
            Self::Throttled { .. } => None,
        }
    }
}

/// Charges all of these in one transaction of their own, or none of them.
///
/// Call it before the work and commit it whatever becomes of the work: a failed guess must count. A commit that was not
/// confirmed may charge twice, which errs on the safe side.
///
/// # Errors
/// [`Refusal::Throttled`], or the storage error: a throttle that cannot be asked refuses.
pub async fn charge(db: &Db, charges: &[Charge], now: Timestamp) -> Result<(), Refusal> {
    if charges.is_empty() {
        return Ok(());
    }
    db.run_tx("throttle.charge", |tx| {
        Box::pin(charge_in(tx, charges, now))
    })
    .await
}

/// Charges all of these in a transaction under way. A refusal must end that transaction with an error.
pub async fn charge_in(tx: &Tx<'_>, charges: &[Charge], now: Timestamp) -> Result<(), Refusal> {
    // Everybody locks in one order, so that nobody waits in a circle.
    let mut order: Vec<usize> = (0..charges.len()).collect();
    order.sort_by_key(|index| charges[*index].key);
    for index in order {
        let charge = charges[index];
        if !take(tx, charge, now).await? {
            let retry_after = wait(tx, charge, now).await?;
            return Err(Refusal::Throttled { index, retry_after });
        }
    }
    Ok(())
}

/// One statement: a new row, or the old one moved on where the limit allows. No row means that it does not.
const TAKE: &str = "INSERT INTO throttle (key, process, tat) VALUES ($1, $2, $3 + $4) \
     ON CONFLICT (key, process) DO UPDATE SET \
     tat = CASE WHEN throttle.tat > $3 THEN throttle.tat ELSE $3 END + $4 \
     WHERE CASE WHEN throttle.tat > $3 THEN throttle.tat ELSE $3 END + $4 <= $3 + $5";

async fn take(tx: &Tx<'_>, charge: Charge, now: Timestamp) -> Result<bool, Error> {
    let values = [
        charge.key.into(),
        tx.process().as_str().into(),
        now.as_micros().into(),
        micros(charge.limit.interval).into(),
        micros(charge.limit.window()).into(),
    ];
    let statement = Statement::from_sql_and_values(tx.backend(), TAKE, values);
    Ok(tx.execute_raw(statement).await?.rows_affected() == 1)
}

/// Tells how long until one more would fit.
async fn wait(tx: &Tx<'_>, charge: Charge, now: Timestamp) -> Result<Duration, Error> {
    let row = throttle::Entity::find_by_id((charge.key, tx.process().as_str().to_owned()))
        .one(tx)
        .await?;
    let tat = row.map_or(now, |row| row.tat);
    Ok((tat + charge.limit.interval).since(now + charge.limit.window()))
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Takes away the rows that no longer hold anybody back, and gives their number.
pub async fn prune(db: &Db, now: Timestamp) -> Result<u64, Error> {
    let process = db.process().as_str();
    db.run_tx("throttle.prune", |tx| {
        Box::pin(async move {
            let old = throttle::Entity::delete_many()
                .filter(throttle::Column::Process.eq(process))
                .filter(throttle::Column::Tat.lt(now));
            Ok(old.exec(tx).await?.rows_affected)
        })
    })
    .await
}
