//! What the protocol has in a request's headers: its content type, its compression and its deadline.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};

use crate::kernel::fault::{Fault, Reason};

/// How a message is compressed.
const ENCODING: &str = "grpc-encoding";
/// The deadline that a client sends along.
const TIMEOUT: &str = "grpc-timeout";
/// The compressions that are taken, for a client that sent another.
pub(super) const ACCEPTED: (&str, HeaderValue) = (
    "grpc-accept-encoding",
    HeaderValue::from_static("gzip,identity"),
);
/// The longest name of a compression that an answer repeats.
const LONGEST_NAME: usize = 32;

/// Tells whether the content is gRPC's, in protobuf.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok()).unwrap_or("");
    let media_type = value.split(';').next().unwrap_or("").trim();
    let media_type = media_type.to_ascii_lowercase();
    media_type == "application/grpc" || media_type == "application/grpc+proto"
}

/// Fails where the messages are compressed in a way that is not taken.
pub(super) fn check_encoding(headers: &HeaderMap) -> Result<(), Fault> {
    let Some(value) = headers.get(ENCODING) else {
        return Ok(());
    };
    let name = value.to_str().unwrap_or("");
    if name == "gzip" || name == "identity" {
        return Ok(());
    }
    let short = name.len() <= LONGEST_NAME && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let fault = Fault::new(Reason::EncodingUnknown);
    Err(if short {
        fault.metadata("encoding", name.to_owned())
    } else {
        fault
    })
}

/// Reads `grpc-timeout`.
pub(super) fn client_timeout(headers: &HeaderMap) -> Result<Option<Duration>, Fault> {
    let Some(value) = headers.get(TIMEOUT) else {
        return Ok(None);
    };
    parse_timeout(value).map(Some).ok_or_else(|| {
        let rule = "must be one to eight digits and a unit of H M S m u n";
        Fault::new(Reason::InvalidRequest).field(TIMEOUT, rule)
    })
}

/// Parses up to eight digits and a unit.
fn parse_timeout(value: &HeaderValue) -> Option<Duration> {
    let value = value.to_str().ok()?;
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

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[test]
    fn timeouts_have_digits_and_a_unit() {
        let parsed = |value| client_timeout(&headers(TIMEOUT, value));
        let some = |duration| Ok(Some(duration));
        assert_eq!(parsed("10S"), some(Duration::from_secs(10)));
        assert_eq!(parsed("99999999H"), some(Duration::from_hours(99_999_999)));
        assert_eq!(parsed("500m"), some(Duration::from_millis(500)));
        for bad in ["", "S", "10", "10s", "-1S", "123456789S", "1 S", "1.5S"] {
            let fault = parsed(bad).unwrap_err();
            assert_eq!(fault.reason(), Reason::InvalidRequest, "{bad}");
        }
        assert_eq!(client_timeout(&HeaderMap::new()), Ok(None));
    }

    #[test]
    fn only_protobuf_of_grpc_is_taken() {
        for good in [
            "application/grpc",
            "application/grpc+proto",
            "application/GRPC; charset=utf-8",
        ] {
            assert!(is_grpc(&headers("content-type", good)), "{good}");
        }
        for bad in [
            "application/json",
            "application/grpc-web",
            "application/grpc+json",
            "text",
        ] {
            assert!(!is_grpc(&headers("content-type", bad)), "{bad}");
        }
        assert!(!is_grpc(&HeaderMap::new()));
    }

    #[test]
    fn a_compression_that_is_not_taken_is_named() {
        for good in ["gzip", "identity"] {
            check_encoding(&headers(ENCODING, good)).unwrap();
        }
        let fault = check_encoding(&headers(ENCODING, "zstd")).unwrap_err();
        assert_eq!(fault.reason(), Reason::EncodingUnknown);
        assert_eq!(
            fault,
            Fault::new(Reason::EncodingUnknown).metadata("encoding", "zstd")
        );
        let odd = check_encoding(&headers(ENCODING, "a person's name")).unwrap_err();
        assert_eq!(odd, Fault::new(Reason::EncodingUnknown));
    }

    #[test]
    fn our_deadline_comes_first() {
        assert_eq!(ahead_of(Duration::from_secs(1)), Duration::from_millis(997));
        assert_eq!(ahead_of(Duration::from_millis(4)), Duration::from_millis(3));
    }
}
