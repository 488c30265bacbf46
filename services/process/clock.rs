//! One clock for all processes on a database: the database's.
//!
//! A process reads it before it serves, and again and again, and its own clock goes by it in between. So every instant that
//! is stored agrees within the time of a round trip: throttles, leases, expiries, ids. Considered was to write `now()` into
//! each statement that dates or compares something. It would agree within nothing at all, but it is a rule for every statement to
//! come instead of one mechanism, and no test could move the time.
//!
//! Only certificates are judged by the machine's own clock, as they are everywhere.

use std::sync::LazyLock;
use std::time::Duration;

use opentelemetry::global;
use opentelemetry::metrics::Gauge;
use tokio_util::sync::CancellationToken;

use crate::db::{self, Db, Outage};
use crate::kernel::clock::{Clock, Timestamp};
use crate::kernel::lifecycle::{self, Lifecycle};

use super::Stop;

/// How often the database is asked. A clock that loses 50 microseconds a second is half a millisecond off by then.
const EVERY: Duration = Duration::from_secs(10);
/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(2);
/// What is said about a machine's clock that is off by more.
const NOTABLE: Duration = Duration::from_secs(1);

/// Made at first use, which is after telemetry has started.
static OFFSET: LazyLock<Gauge<f64>> = LazyLock::new(|| {
    let meter = global::meter("redress");
    meter
        .f64_gauge("redress.clock.offset")
        .with_unit("s")
        .with_description("By how much the clock of this machine is ahead of the database's")
        .build()
});

/// Gives a clock that follows the database's until the process drains.
///
/// # Errors
/// The database did not say what time it is: a process that does not know serves nobody.
pub async fn clock(db: &Db, life: &Lifecycle) -> Result<Clock, Stop> {
    let clock = Clock::steady();
    // The first answer comes with a new connection and takes its time; the second one is precise.
    for _ in 0..2 {
        follow(&clock, db).await?;
    }
    life.spawn(run(clock.clone(), db.clone(), life.token()));
    Ok(clock)
}

/// Sets a clock right by the database's.
///
/// # Errors
/// The storage error. The clock runs on.
pub async fn follow(clock: &Clock, db: &Db) -> Result<(), db::Error> {
    let asked = tokio::time::timeout(LIMIT, clock.follow(db.now())).await;
    asked.map_err(|_| db::Error::Unavailable(Outage::TimedOut))?
}

async fn run(clock: Clock, db: Db, token: CancellationToken) {
    let mut was_off = false;
    loop {
        let is_off = report(Clock::system().now(), clock.now());
        if is_off && !was_off {
            tracing::warn!(
                "the clock of this machine and the database's differ by more than a second; the database's counts"
            );
        }
        was_off = is_off;
        if !lifecycle::pause(&token, EVERY).await {
            return;
        }
        if let Err(error) = follow(&clock, &db).await {
            tracing::debug!(class = error.class(), %error, "the database's clock could not be read; trying again later");
        }
    }
}

/// Measures how far the machine's clock is off; tells whether that is worth a word.
fn report(machine: Timestamp, right: Timestamp) -> bool {
    let (ahead, behind) = (machine.since(right), right.since(machine));
    OFFSET.record(ahead.as_secs_f64() - behind.as_secs_f64(), &[]);
    ahead.max(behind) > NOTABLE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_by_more_than_a_second_is_told() {
        let right = Timestamp::from_micros(1_437_091_200_000_000);
        let hour = Duration::from_hours(1);
        assert!(report(right + hour, right) && report(right - hour, right));
        assert!(!report(right + NOTABLE, right) && !report(right - NOTABLE, right));
    }
}
