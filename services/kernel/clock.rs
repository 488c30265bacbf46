//! Instants and where they come from.
//!
//! Every instant is a [`Timestamp`]: whole microseconds since the Unix epoch, which is the precision that both
//! databases keep. Nothing outside this file asks the operating system for the time.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

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

    /// Converts to the wire's instant.
    pub fn to_proto(self) -> prost_types::Timestamp {
        let nanos = self.0.rem_euclid(MICROS_PER_SECOND) * 1_000;
        prost_types::Timestamp {
            seconds: self.0.div_euclid(MICROS_PER_SECOND),
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

/// Tells the time. Clones share one clock.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The operating system's clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until its [`ManualClock`] moves it.
    pub fn manual(start: Timestamp) -> (Self, ManualClock) {
        let micros = Arc::new(AtomicI64::new(start.0));
        (
            Self(Source::Manual(Arc::clone(&micros))),
            ManualClock(micros),
        )
    }

    /// Gives the current instant.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => system_now(),
            Source::Manual(micros) => Timestamp(micros.load(Ordering::SeqCst)),
        }
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
mod tests {
    use super::*;

    #[test]
    fn display_is_rfc_3339_and_parses_back() {
        let instant = Timestamp::from_micros(1_437_091_200_000_001);
        assert_eq!(instant.to_string(), "2015-07-17T00:00:00.000001Z");
        assert_eq!(instant.to_string().parse(), Ok(instant));
        assert_eq!("yesterday".parse::<Timestamp>(), Err(InvalidTimestamp));
    }

    #[test]
    fn wire_instants_survive_on_both_sides_of_the_epoch() {
        for micros in [-1, 0, 1, 999_999, -1_500_000, 1_437_091_200_123_456] {
            let instant = Timestamp::from_micros(micros);
            assert_eq!(Timestamp::from_proto(&instant.to_proto()), Ok(instant));
        }
        let wire = prost_types::Timestamp {
            seconds: 0,
            nanos: -1,
        };
        assert_eq!(Timestamp::from_proto(&wire), Err(InvalidTimestamp));
        let wire = prost_types::Timestamp {
            seconds: i64::MAX,
            nanos: 0,
        };
        assert_eq!(Timestamp::from_proto(&wire), Err(InvalidTimestamp));
    }

    #[test]
    fn a_manual_clock_moves_only_by_hand_and_for_all_its_clones() {
        let (clock, hand) = Clock::manual(Timestamp::EPOCH);
        let twin = clock.clone();
        assert_eq!(clock.now(), Timestamp::EPOCH);
        hand.advance(Duration::from_secs(5));
        assert_eq!(twin.now().as_micros(), 5_000_000);
        assert_eq!(twin.now().since(Timestamp::EPOCH), Duration::from_secs(5));
        assert_eq!(Timestamp::EPOCH.since(twin.now()), Duration::ZERO);
    }

    #[test]
    fn arithmetic_saturates() {
        let last = Timestamp::from_micros(i64::MAX);
        assert_eq!(last + Duration::MAX, last);
        assert_eq!(last.to_string(), format!("{}us", i64::MAX));
    }
}
