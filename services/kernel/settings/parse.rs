//! Values as people write them. The errors are the rules that a value breaks.

use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use jiff::{Span, SpanRelativeTo};

/// Parses a number and a unit: `200ms`, `10s`, `5m`, `2h`, `1d`. A day has 24 hours.
pub fn duration(text: &str) -> Result<Duration, &'static str> {
    let span = text.parse::<Span>();
    let exact = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()));
    let duration = exact.and_then(Duration::try_from);
    duration.map_err(|_| "must be a number and a unit, such as 200ms, 10s, 5m, 2h")
}

/// Parses a duration that is longer than zero.
pub fn period(text: &str) -> Result<Duration, &'static str> {
    match duration(text)? {
        Duration::ZERO => Err("must be longer than zero"),
        period => Ok(period),
    }
}

/// Parses `HOST:PORT` with a numeric host.
pub fn address(text: &str) -> Result<SocketAddr, &'static str> {
    let address = text.parse();
    address.map_err(|_| "must be an address and a port, such as 127.0.0.1:7441")
}

/// Makes a parser of whole numbers within bounds.
pub fn whole<T>(bounds: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: FromStr + PartialOrd + Display + Clone,
{
    move |text| {
        let number = text.parse().ok().filter(|number| bounds.contains(number));
        let (least, most) = (bounds.start(), bounds.end());
        number.ok_or_else(|| format!("must be a whole number from {least} to {most}"))
    }
}

/// Makes a parser of limits of throttles.
pub fn limit() -> impl Fn(&str) -> Result<u32, String> + Clone {
    whole(1..=1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_number_and_a_unit() {
        assert_eq!(duration("200ms"), Ok(Duration::from_millis(200)));
        assert_eq!(duration("5m"), Ok(Duration::from_mins(5)));
        assert_eq!(duration("1d"), Ok(Duration::from_hours(24)));
        for bad in [
            "",
            "5",
            "s",
            "-1s",
            "1mo",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_number_is_whole_and_within_its_bounds() {
        let parse = whole(1..=10_u32);
        assert_eq!(parse("10"), Ok(10));
        for bad in ["", "0", "11", "-1", "1.5", "many"] {
            let rule = "must be a whole number from 1 to 10".to_owned();
            assert_eq!(parse(bad), Err(rule), "{bad}");
        }
    }
}
