//! The deadline that a client sends along.

use std::time::Duration;

use http::HeaderMap;

/// Reads `grpc-timeout`: up to eight digits and a unit.
pub(super) fn client_timeout(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    if digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3_600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

/// Takes a little off the client's time, so that our own answer comes before tonic's and before the client gives up.
pub(super) fn ahead_of(timeout: Duration) -> Duration {
    timeout.saturating_sub((timeout / 4).min(Duration::from_millis(3)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-timeout", value.parse().unwrap());
        client_timeout(&headers)
    }

    #[test]
    fn timeouts_have_digits_and_a_unit() {
        assert_eq!(parsed("10S"), Some(Duration::from_secs(10)));
        assert_eq!(parsed("99999999H"), Some(Duration::from_hours(99_999_999)));
        assert_eq!(parsed("500m"), Some(Duration::from_millis(500)));
        for bad in ["", "S", "10", "10s", "-1S", "123456789S", "1 S"] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
        assert_eq!(client_timeout(&HeaderMap::new()), None);
    }

    #[test]
    fn our_deadline_comes_first() {
        assert_eq!(ahead_of(Duration::from_secs(1)), Duration::from_millis(997));
        assert_eq!(ahead_of(Duration::from_millis(4)), Duration::from_millis(3));
    }
}
