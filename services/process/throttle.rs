//! Throttles that hold across processes and restarts: one row a throttled thing.
//!
//! The generic cell rate algorithm (ITU-T I.371): a row holds the theoretical arrival time, the instant at which the
//! thing would have used up what it took so far at the sustained rate. A charge moves it on by one interval and is
//! refused where that would put it further ahead of now than the burst allows. A refusal takes nothing.
//!
//! No rule of ours puts a row further ahead than its limit's window. One that lies there was written by a wrong clock, or under
//! a larger limit, and would hold people back for as long as that: it counts as used up but for the charge at hand, and is
//! written back so.
//!
//! One statement charges everything that a call is charged, in the order of the keys, so that nobody waits in a circle.
//!
//! A thing that every call is charged for is a row that every call waits for, on PostgreSQL until the commit of the call
//! before is on disk. So the transaction of a charge holds one statement and nothing else, and the commits of one such row
//! are what limits a process: some hundred a second and more with a disk that flushes in a millisecond. Considered were
//! several rows that share a limit (they let through less than the limit when the calls are unevenly spread, or more),
//! counting in memory and writing now and then (a crash forgets what was taken, and instances do not see each other),
//! `synchronous_commit=off` (the same), and gathering the charges of several calls into one commit, which keeps the
//! promise and is the way on, should this ever be what is waited for.

use std::collections::BTreeMap;
use std::time::Duration;

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Statement};
use serde::Serialize;
use uuid::Uuid;

use crate::db::entities::throttle;
use crate::db::rows::{self, Is};
use crate::db::{Db, Error, Storage, Tx};
use crate::kernel::clock::Timestamp;

use super::metrics;

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
    /// What kind of thing it is, for the metrics.
    pub kind: &'static str,
    /// How much it is allowed.
    pub limit: Limit,
}

/// A thing that refuses nobody when it is used up: whoever charges it is told how it stands, and goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// What is charged.
    pub charge: Charge,
    /// How many charges of before are given back with this one.
    pub returned: u32,
}

/// How a budget stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was charged, and what was to be given back was.
    Charged,
    /// It is used up. Nothing was charged or given back.
    Spent {
        /// When one more would fit.
        retry_after: Duration,
    },
}

/// Why a charge was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// One of the things is over its limit.
    #[error("over the limit")]
    Throttled {
        /// Which kind of thing was over its limit.
        kind: &'static str,
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
/// confirmed may charge twice, which errs on the safe side. A thing that is named twice is charged once.
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

/// Charges like [`charge`], and a budget with the same statement. Where a charge does not fit, neither is charged.
///
/// What is given back is given back once, and lost if the first attempt has to run again: that too errs on the safe side.
///
/// # Errors
/// As in [`charge`].
pub async fn charge_with(
    db: &Db,
    charges: &[Charge],
    budget: Budget,
    now: Timestamp,
) -> Result<Standing, Refusal> {
    let mut returned = budget.returned;
    db.run_tx("throttle.charge", |tx| {
        let returned = std::mem::take(&mut returned);
        Box::pin(charge_with_in(
            tx,
            charges,
            Budget { returned, ..budget },
            now,
        ))
    })
    .await
}

/// Charges like [`charge_with`] in a transaction under way. A refusal must end that transaction with an error.
///
/// # Errors
/// As in [`charge`].
pub async fn charge_with_in(
    tx: &Tx<'_>,
    charges: &[Charge],
    budget: Budget,
    now: Timestamp,
) -> Result<Standing, Refusal> {
    let mut rows: Vec<Row> = charges.iter().map(|one| Row::of(tx, *one, now)).collect();
    rows.push(Row::of(tx, budget.charge, now).returning(budget.charge.limit, budget.returned));
    let late = take(tx, &rows).await?;
    refuse(charges, &late)?;
    let wait = late.get(&budget.charge.key).copied();
    Ok(match wait {
        None => Standing::Charged,
        Some(retry_after) => {
            metrics::throttled(budget.charge.kind);
            Standing::Spent { retry_after }
        }
    })
}

/// Charges all of these in a transaction under way. A refusal must end that transaction with an error.
pub async fn charge_in(tx: &Tx<'_>, charges: &[Charge], now: Timestamp) -> Result<(), Refusal> {
    let rows: Vec<Row> = charges.iter().map(|one| Row::of(tx, *one, now)).collect();
    refuse(charges, &take(tx, &rows).await?)
}

/// Refuses by the charge that has longest to wait.
fn refuse(charges: &[Charge], late: &BTreeMap<Uuid, Duration>) -> Result<(), Refusal> {
    let waits = charges.iter();
    let waits = waits.filter_map(|one| Some((*late.get(&one.key)?, one.kind)));
    match waits.max_by_key(|(wait, _)| *wait) {
        None => Ok(()),
        Some((retry_after, kind)) => {
            metrics::throttled(kind);
            Err(Refusal::Throttled { kind, retry_after })
        }
    }
}

/// What the statement does to one row: by how much it moves on, how far ahead it may come, what is given back before.
#[derive(Clone, Copy, Debug, Serialize)]
struct Row {
    key: Uuid,
    process: &'static str,
    at: i64,
    cost: i64,
    room: i64,
    returned: i64,
}

const COLUMNS: [(&str, Is); 6] = [
    ("key", Is::Uuid),
    ("process", Is::Text),
    ("at", Is::Big),
    ("cost", Is::Big),
    ("room", Is::Big),
    ("returned", Is::Big),
];

impl Row {
    fn of(tx: &Tx<'_>, charge: Charge, now: Timestamp) -> Self {
        Self {
            key: charge.key,
            process: tx.process().as_str(),
            at: now.as_micros(),
            cost: micros(charge.limit.interval),
            room: micros(charge.limit.window()),
            returned: 0,
        }
    }

    fn returning(self, limit: Limit, count: u32) -> Self {
        let returned = micros(limit.interval.saturating_mul(count));
        Self { returned, ..self }
    }
}

/// Calls read the clock before they wait for a row, so a row that another call has moved may lie a little further ahead than it
/// can for this one. No call waits for a minute.
const SLACK: Duration = Duration::from_mins(1);

/// Writes where the row of `r` comes to lie.
fn moved() -> String {
    let slack = micros(SLACK);
    format!(
        "CASE WHEN throttle.tat > r.at + r.room + {slack} THEN r.at + r.room \
         WHEN throttle.tat - r.returned > r.at THEN throttle.tat - r.returned + r.cost ELSE r.at + r.cost END"
    )
}

/// Moves each row on where its limit allows, and tells how long the others have to wait.
async fn take(tx: &Tx<'_>, rows: &[Row]) -> Result<BTreeMap<Uuid, Duration>, Error> {
    let rows: BTreeMap<Uuid, Row> = rows.iter().map(|row| (row.key, *row)).collect();
    let moved = moved();
    let sql = format!(
        "WITH {} INSERT INTO throttle (key, process, tat) SELECT key, process, at + cost FROM v WHERE true ORDER BY key \
         ON CONFLICT (key, process) DO UPDATE SET tat = (SELECT {moved} FROM v r WHERE r.key = throttle.key) \
         WHERE (SELECT {moved} <= r.at + r.room FROM v r WHERE r.key = throttle.key) RETURNING key",
        rows::table(tx.backend(), &COLUMNS)
    );
    let values: Vec<Row> = rows.values().copied().collect();
    let taken = tx
        .query_all_raw(rows::bind(tx.backend(), sql, &values))
        .await?;
    let taken: Vec<Uuid> = taken
        .iter()
        .map(|row| row.try_get("", "key"))
        .collect::<Result<_, _>>()?;
    let late = rows.into_iter().filter(|(key, _)| !taken.contains(key));
    waits(tx, late.collect()).await
}

/// Reads how long each of these rows, now locked by this transaction, has to wait until one more fits.
async fn waits(tx: &Tx<'_>, rows: BTreeMap<Uuid, Row>) -> Result<BTreeMap<Uuid, Duration>, Error> {
    if rows.is_empty() {
        return Ok(BTreeMap::new());
    }
    let found = throttle::Entity::find()
        .filter(throttle::Column::Process.eq(tx.process().as_str()))
        .filter(throttle::Column::Key.is_in(rows.keys().copied()))
        .all(tx)
        .await?;
    let wait = |row: &Row| {
        let tat = found.iter().find(|found| found.key == row.key);
        let tat = tat.map_or(row.at, |found| found.tat.as_micros());
        let micros = tat - row.returned + row.cost - row.at - row.room;
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    };
    Ok(rows.iter().map(|(key, row)| (*key, wait(row))).collect())
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Gives back all that a thing took.
///
/// # Errors
/// The storage error.
pub async fn clear_in(tx: &Tx<'_>, key: Uuid) -> Result<(), Error> {
    let delete = throttle::Entity::delete_many()
        .filter(throttle::Column::Process.eq(tx.process().as_str()))
        .filter(throttle::Column::Key.eq(key));
    delete.exec(tx).await?;
    Ok(())
}

/// Deletes rows that held nobody back any more at an instant, about so many, and gives their number.
pub async fn prune(db: &Db, at: Timestamp, most: u64) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM throttle WHERE process = $1 AND tat <= \
         (SELECT max(tat) FROM (SELECT tat FROM throttle WHERE process = $1 AND tat < $2 ORDER BY tat LIMIT $3) AS oldest)";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    db.run_tx("throttle.prune", |tx| {
        let values = [tx.process().as_str().into(), at.into(), most.into()];
        Box::pin(async move {
            let statement = Statement::from_sql_and_values(tx.backend(), SQL, values);
            Ok(tx.execute_raw(statement).await?.rows_affected())
        })
    })
    .await
}
