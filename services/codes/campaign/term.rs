//! Calendar arithmetic: when enrolling ends, how long a letter proves an address, when a term is over.

use std::time::Duration;

use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::codes::law::is_home;
use crate::db::entities::campaign;
use crate::kernel::clock::Timestamp;

/// For how many days after its mailing a letter proves the address inside the contiguous U.S. (NIST SP 800-63A-4).
pub const PROOF: i32 = 21;
/// The same outside of it.
const PROOF_FAR: i32 = 30;

/// States, territories and military post outside the contiguous U.S. (USPS Publication 28, appendix B).
const FAR: [&str; 13] = [
    "AA", "AE", "AK", "AP", "AS", "FM", "GU", "HI", "MH", "MP", "PR", "PW", "VI",
];

/// Says that a date leaves the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the date is out of range")]
pub struct OutOfRange;

/// Gives the instant at which a day has ended in a zone: the first one of the next day.
pub fn end_of_day(date: Date, zone: &TimeZone) -> Result<Timestamp, OutOfRange> {
    let next = date.tomorrow().map_err(|_| OutOfRange)?;
    let start = zone
        .to_timestamp(next.at(0, 0, 0, 0))
        .map_err(|_| OutOfRange)?;
    Ok(Timestamp::from_jiff(start))
}

/// Gives the last day of a term of calendar months that began at an instant.
///
/// Where the last month lacks the day, its last day stands in: 31 January and one month give 28 or 29 February.
pub fn term_ends_on(
    activated_at: Timestamp,
    zone: &TimeZone,
    months: i32,
) -> Result<Date, OutOfRange> {
    let began = activated_at.date_in(zone).map_err(|_| OutOfRange)?;
    let span = Span::new().try_months(months).map_err(|_| OutOfRange)?;
    began.checked_add(span).map_err(|_| OutOfRange)
}

/// Gives the last day of a term that is longer by so many calendar months.
pub fn moved_by_months(last_day: &str, months: i32) -> Result<Date, OutOfRange> {
    let last_day: Date = last_day.parse().map_err(|_| OutOfRange)?;
    let span = Span::new().try_months(months).map_err(|_| OutOfRange)?;
    last_day.checked_add(span).map_err(|_| OutOfRange)
}

/// Gives the last day of a term after a pause: later by as many days as the pause had, in the campaign's zone.
pub fn moved_by_pause(
    last_day: &str,
    (since, until): (Timestamp, Timestamp),
    zone: &TimeZone,
) -> Result<Date, OutOfRange> {
    let day = |at: Timestamp| at.date_in(zone).map_err(|_| OutOfRange);
    let last_day: Date = last_day.parse().map_err(|_| OutOfRange)?;
    let pause = day(since)?.until(day(until)?).map_err(|_| OutOfRange)?;
    let longer = pause.get_days().max(0);
    last_day
        .checked_add(Span::new().days(longer))
        .map_err(|_| OutOfRange)
}

/// Gives for how long after the last day an enrollment that was begun can be completed.
pub fn grace(campaign: &campaign::Model) -> Duration {
    let days = u64::try_from(campaign.grace_days).unwrap_or(0);
    Duration::from_hours(24 * days)
}

/// Gives for how many days after its mailing a letter sent to this region proves the address.
pub fn proof_days(region: &str, country: &str) -> i32 {
    let far = FAR.contains(&region.trim().to_ascii_uppercase().as_str());
    if is_home(country) && !far {
        PROOF
    } else {
        PROOF_FAR
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_ends_where_the_next_begins_in_its_own_zone() {
        let day = date(2016, 1, 31);
        let end = |name| end_of_day(day, &zone(name)).unwrap();
        assert_eq!(end("UTC"), at("2016-02-01T00:00:00Z"));
        assert_eq!(
            end("America/Indiana/Indianapolis"),
            at("2016-02-01T05:00:00Z")
        );
        assert_eq!(end("Pacific/Honolulu"), at("2016-02-01T10:00:00Z"));
    }

    #[test]
    fn a_day_that_ends_in_a_gap_ends_after_it() {
        // Chile sprang forward at midnight: 12 August 2018 had no 00:00.
        let end = end_of_day(date(2018, 8, 11), &zone("America/Santiago")).unwrap();
        assert_eq!(end, at("2018-08-12T04:00:00Z"));
        assert_eq!(end_of_day(Date::MAX, &TimeZone::UTC), Err(OutOfRange));
    }

    #[test]
    fn a_term_counts_calendar_months() {
        let ends = |from: &str, months| term_ends_on(at(from), &TimeZone::UTC, months).unwrap();
        assert_eq!(ends("2026-01-31T12:00:00Z", 1), date(2026, 2, 28));
        assert_eq!(ends("2024-01-31T12:00:00Z", 1), date(2024, 2, 29));
        assert_eq!(ends("2024-02-29T12:00:00Z", 12), date(2025, 2, 28));
        assert_eq!(ends("2024-02-29T12:00:00Z", 48), date(2028, 2, 29));
        assert_eq!(ends("2015-08-15T00:00:00Z", 24), date(2017, 8, 15));
        assert_eq!(ends("2026-12-31T23:59:59Z", 2), date(2027, 2, 28));
    }

    #[test]
    fn a_term_begins_on_the_day_it_is_in_the_zone() {
        let indianapolis = zone("America/Indiana/Indianapolis");
        let late = at("2026-03-01T03:00:00Z");
        assert_eq!(
            term_ends_on(late, &indianapolis, 12).unwrap(),
            date(2027, 2, 28)
        );
        assert_eq!(
            term_ends_on(late, &TimeZone::UTC, 12).unwrap(),
            date(2027, 3, 1)
        );
        assert!(term_ends_on(late, &TimeZone::UTC, i32::MAX).is_err());
    }

    #[test]
    fn a_pause_moves_the_last_day_by_its_days() {
        let moved = |since: &str, until: &str| {
            moved_by_pause(
                "2028-02-28",
                (at(since), at(until)),
                &zone("America/Indiana/Indianapolis"),
            )
        };
        let pause = |since, until| moved(since, until).unwrap();
        assert_eq!(
            pause("2027-01-10T12:00:00Z", "2027-02-10T12:00:00Z"),
            date(2028, 3, 30)
        );
        // The days count in the campaign's zone.
        let night = pause("2027-01-10T04:00:00Z", "2027-01-10T06:00:00Z");
        assert_eq!(night, date(2028, 2, 29));
        let back = pause("2027-02-10T12:00:00Z", "2027-01-10T12:00:00Z");
        assert_eq!(back, date(2028, 2, 28));
        let none = (at("2027-01-10T12:00:00Z"), at("2027-01-11T12:00:00Z"));
        assert!(moved_by_pause("soon", none, &TimeZone::UTC).is_err());
    }

    #[test]
    fn a_longer_term_moves_the_last_day_by_calendar_months() {
        assert_eq!(moved_by_months("2028-01-31", 1), Ok(date(2028, 2, 29)));
        assert_eq!(moved_by_months("2028-02-28", 12), Ok(date(2029, 2, 28)));
        assert_eq!(moved_by_months("2028-02-28", 0), Ok(date(2028, 2, 28)));
        assert_eq!(moved_by_months("2028-02-28", i32::MAX), Err(OutOfRange));
        assert_eq!(moved_by_months("soon", 1), Err(OutOfRange));
    }

    #[test]
    fn a_letter_proves_longer_outside_the_contiguous_states() {
        for (region, country, days) in [
            ("IN", "US", 21),
            ("in", "usa", 21),
            ("", "", 21),
            ("AK", "US", 30),
            ("hi", "US", 30),
            ("PR", "", 30),
            ("AE", "US", 30),
            ("ON", "CA", 30),
            ("", "DE", 30),
        ] {
            assert_eq!(proof_days(region, country), days, "{region} {country}");
        }
    }
}
