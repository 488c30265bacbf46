//! Instants and where they come from.
//!
//! Every instant is a [`Timestamp`]: whole microseconds since the Unix epoch, which is the precision that both
//! databases keep. Nothing outside this file asks the operating system for the time.
//!
//! Processes that share a database share its clock: each has a steady clock of its own, which [`Clock::follow`] sets right by
//! the database's. So whatever they date agrees, however wrong the clock of a machine is.

use std::fmt;
use std::future::Future;
use std::ops::{Add, Sub};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sea_orm::DeriveValueType;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const MICROS_PER_SECOND: i64 = 1_000_000;

/// An instant in microseconds since the Unix epoch, stored as a signed 64-bit integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, DeriveValueType)]
pub struct Timestamp(i64);

/// Says that a text or a number is not an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an instant")]
pub struct InvalidTimestamp;

impl Timestamp {
    /// The Unix epoch.
    pub const EPOCH: Self = Self(0);

    /// Takes microseconds since the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Gives microseconds since the Unix epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Gives the time passed since `earlier`, zero if that lies ahead.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let micros = self.0.saturating_sub(earlier.0);
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }

    /// Converts to the type that knows zones and calendars.
    pub fn to_jiff(self) -> Result<jiff::Timestamp, InvalidTimestamp> {
        jiff::Timestamp::from_microsecond(self.0).map_err(|_| InvalidTimestamp)
    }

    /// Cuts a `jiff` instant to microseconds.
    pub fn from_jiff(instant: jiff::Timestamp) -> Self {
        Self(instant.as_microsecond())
    }

    /// Gives the civil date of this instant in a zone.
    pub fn date_in(self, zone: &jiff::tz::TimeZone) -> Result<jiff::civil::Date, InvalidTimestamp> {
        Ok(zone.to_datetime(self.to_jiff()?).date())
    }

    /// Gives the whole seconds since the Unix epoch.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// Converts to the wire's instant.
    pub fn to_proto(self) -> prost_types::Timestamp {
        let nanos = self.0.rem_euclid(MICROS_PER_SECOND) * 1_000;
        prost_types::Timestamp {
            seconds: self.as_seconds(),
            nanos: i32::try_from(nanos).unwrap_or(0),
        }
    }

    /// Parses the wire's instant, cut to microseconds. Only the years 1 to 9999 are instants there.
    pub fn from_proto(wire: &prost_types::Timestamp) -> Result<Self, InvalidTimestamp> {
        if !(0..1_000_000_000).contains(&wire.nanos)
            || !(-62_135_596_800..=253_402_300_799).contains(&wire.seconds)
        {
            return Err(InvalidTimestamp);
        }
        Ok(Self(
            wire.seconds * MICROS_PER_SECOND + i64::from(wire.nanos / 1_000),
        ))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    /// Saturates at the end of time.
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    /// Saturates at the beginning of time.
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }
}

impl fmt::Display for Timestamp {
    /// Writes RFC 3339 in UTC, or the bare microseconds where the calendar ends.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_jiff() {
            Ok(instant) => instant.fmt(f),
            Err(InvalidTimestamp) => write!(f, "{}us", self.0),
        }
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    /// Parses RFC 3339.
    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let instant: jiff::Timestamp = text.parse().map_err(|_| InvalidTimestamp)?;
        Ok(Self::from_jiff(instant))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// A clock that is set back by at most this stands still until it has caught up; by more, it goes back.
const HELD: Duration = Duration::from_secs(1);

/// Tells the time. Clones share one clock.
#[derive(Clone, Debug)]
pub struct Clock {
    source: Source,
    correction: Arc<Correction>,
}

#[derive(Clone, Debug)]
enum Source {
    System,
    Steady { started: Instant, at: Timestamp },
    Manual(Arc<AtomicI64>),
}

/// What [`Clock::follow`] has found out, in microseconds.
#[derive(Debug)]
struct Correction {
    /// Added to what the source gives.
    offset: AtomicI64,
    /// The clock shows nothing earlier.
    floor: AtomicI64,
}

impl Clock {
    /// The operating system's clock, with every jump that it makes.
    pub fn system() -> Self {
        Self::of(Source::System)
    }

    /// A clock that starts with the operating system's and jumps only when [`Clock::follow`] sets it.
    pub fn steady() -> Self {
        Self::of(Source::Steady {
            started: Instant::now(),
            at: system_now(),
        })
    }

    /// A clock that stands still until its [`ManualClock`] moves it.
    pub fn manual(start: Timestamp) -> (Self, ManualClock) {
        let micros = Arc::new(AtomicI64::new(start.0));
        let clock = Self::of(Source::Manual(Arc::clone(&micros)));
        (clock, ManualClock(micros))
    }

    fn of(source: Source) -> Self {
        let correction = Correction {
            offset: AtomicI64::new(0),
            floor: AtomicI64::new(i64::MIN),
        };
        Self {
            source,
            correction: Arc::new(correction),
        }
    }

    /// Gives the current instant.
    pub fn now(&self) -> Timestamp {
        let floor = self.correction.floor.load(Ordering::SeqCst);
        self.corrected().max(Timestamp(floor))
    }

    /// Sets this clock right by another one, whose time `ask` reads.
    ///
    /// The other clock was read at some instant while `ask` ran. Where its time lies between the beginning and the end by this
    /// clock, nothing is wrong as far as anybody can tell. Otherwise this clock moves by what is certain and no more, so a slow
    /// answer spoils nothing, and what is left is at most the time that the answer took. Call it from one task at a time.
    ///
    /// # Errors
    /// The error of `ask`; the clock runs on as it was.
    pub async fn follow<E>(
        &self,
        ask: impl Future<Output = Result<Timestamp, E>>,
    ) -> Result<(), E> {
        let before = self.corrected();
        let right = ask.await?;
        let after = self.corrected();
        if right < before {
            let ahead = before.since(right);
            let floor = if ahead <= HELD {
                self.now().0
            } else {
                i64::MIN
            };
            self.correction.floor.store(floor, Ordering::SeqCst);
            self.move_by(right.0.saturating_sub(before.0));
        } else if after < right {
            self.move_by(right.0.saturating_sub(after.0));
        }
        Ok(())
    }

    fn move_by(&self, micros: i64) {
        self.correction.offset.fetch_add(micros, Ordering::SeqCst);
    }

    fn corrected(&self) -> Timestamp {
        let read = match &self.source {
            Source::System => system_now(),
            Source::Steady { started, at } => *at + started.elapsed(),
            Source::Manual(micros) => Timestamp(micros.load(Ordering::SeqCst)),
        };
        let offset = self.correction.offset.load(Ordering::SeqCst);
        Timestamp(read.0.saturating_add(offset))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that asks the system for the time"
)]
fn system_now() -> Timestamp {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(micros(since_epoch))
}

/// Moves the [`Clock`] it was made with.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// Moves the clock ahead.
    pub fn advance(&self, duration: Duration) {
        self.0.fetch_add(micros(duration), Ordering::SeqCst);
    }

    /// Sets the clock, backwards too: real clocks do that.
    pub fn set(&self, instant: Timestamp) {
        self.0.store(instant.0, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests;
