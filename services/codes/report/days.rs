//! Enrollments a day, in the campaign's time zone.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sea_orm::FromQueryResult;

use crate::db;
use crate::kernel::clock::Timestamp;

/// The enrollments of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// The day.
    pub date: Date,
    /// Enrollments begun.
    pub begun: i64,
    /// Enrollments completed by the person.
    pub submitted: i64,
}

/// The enrollments of a quarter of an hour. The day of every time zone begins with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Quarter {
    /// Quarters of an hour since the Unix epoch.
    pub quarter: i64,
    /// Enrollments begun.
    pub begun: i64,
    /// Enrollments completed by the person.
    pub submitted: i64,
}

/// Microseconds in a quarter of an hour.
const QUARTER: i64 = 15 * 60 * 1_000_000;

/// Counts by quarter of an hour: neither database has to know the zone, and a day has at most 96 rows.
pub fn quarters_sql() -> String {
    format!(
        "SELECT quarter, CAST(SUM(begun) AS BIGINT) AS begun, CAST(SUM(submitted) AS BIGINT) AS submitted FROM (\
         SELECT started_at / {QUARTER} AS quarter, COUNT(*) AS begun, 0 AS submitted \
         FROM enrollment WHERE campaign_id = $1 GROUP BY started_at / {QUARTER} UNION ALL \
         SELECT submitted_at / {QUARTER} AS quarter, 0 AS begun, COUNT(*) AS submitted \
         FROM enrollment WHERE campaign_id = $1 AND submitted_at IS NOT NULL GROUP BY submitted_at / {QUARTER}) q \
         GROUP BY quarter ORDER BY quarter"
    )
}

/// Adds quarters up to days, from the first one to `today`; days without enrollments are 0.
pub fn by_day(quarters: &[Quarter], zone: &TimeZone, today: Date) -> Result<Vec<Day>, db::Error> {
    let mut counted: BTreeMap<Date, (i64, i64)> = BTreeMap::new();
    for quarter in quarters {
        let start = Timestamp::from_micros(quarter.quarter.saturating_mul(QUARTER));
        let date = start
            .date_in(zone)
            .map_err(|_| db::Error::corrupt("the time of an enrollment"))?;
        let (begun, submitted) = counted.entry(date).or_default();
        *begun += quarter.begun;
        *submitted += quarter.submitted;
    }
    let Some((&first, &last)) = counted.keys().next().zip(counted.keys().next_back()) else {
        return Ok(Vec::new());
    };
    // Clocks of two machines differ: something can have been submitted tomorrow.
    let last = last.max(today);
    let dates = first.series(1.day()).take_while(|date| *date <= last);
    let days = dates.map(|date| {
        let (begun, submitted) = counted.get(&date).copied().unwrap_or_default();
        Day {
            date,
            begun,
            submitted,
        }
    });
    Ok(days.collect())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn quarter(instant: &str, begun: i64, submitted: i64) -> Quarter {
        let instant: Timestamp = instant.parse().unwrap();
        Quarter {
            quarter: instant.as_micros() / QUARTER,
            begun,
            submitted,
        }
    }

    fn counted(zone: &str, today: Date) -> Vec<(Date, i64, i64)> {
        let quarters = [
            quarter("2026-11-01T03:59:59Z", 1, 0),
            quarter("2026-11-01T04:00:00Z", 2, 1),
            quarter("2026-11-03T18:20:00Z", 4, 2),
        ];
        let zone = TimeZone::get(zone).unwrap();
        let days = by_day(&quarters, &zone, today).unwrap();
        let days = days.into_iter();
        days.map(|day| (day.date, day.begun, day.submitted))
            .collect()
    }

    #[test]
    fn a_day_is_the_zones_and_days_without_enrollments_are_none() {
        assert_eq!(
            counted("America/New_York", date(2026, 11, 5)),
            [
                (date(2026, 10, 31), 1, 0),
                (date(2026, 11, 1), 2, 1),
                (date(2026, 11, 2), 0, 0),
                (date(2026, 11, 3), 4, 2),
                (date(2026, 11, 4), 0, 0),
                (date(2026, 11, 5), 0, 0),
            ]
        );
    }

    #[test]
    fn a_zone_of_an_odd_quarter_has_whole_days_too() {
        // UTC+05:45: its day begins at 18:15 UTC.
        let days = counted("Asia/Kathmandu", date(2026, 11, 4));
        assert_eq!(days.last(), Some(&(date(2026, 11, 4), 4, 2)));
    }

    #[test]
    fn nobody_has_begun_and_there_is_no_day() {
        let days = by_day(&[], &TimeZone::UTC, date(2026, 11, 5));
        assert_eq!(days.unwrap(), []);
    }
}
