//! Civil dates, instants and enum values of the wire, in words.

use jiff::civil::Date;
use prost_types::Timestamp as WireTime;
use serde_json::Value;

use crate::kernel::clock::Timestamp;
use crate::wire::google::r#type::Date as WireDate;

/// Converts a civil date to the wire's.
pub fn wire_date(date: Date) -> WireDate {
    WireDate {
        year: date.year().into(),
        month: date.month().into(),
        day: date.day().into(),
    }
}

/// Shows a date of the wire, or nothing.
pub fn date(date: Option<&WireDate>) -> Value {
    let text = date.map(|date| format!("{:04}-{:02}-{:02}", date.year, date.month, date.day));
    text.map_or(Value::Null, Value::String)
}

/// Shows an instant of the wire, or nothing.
pub fn time(time: Option<&WireTime>) -> Value {
    let instant = time.and_then(|time| Timestamp::from_proto(time).ok());
    instant.map_or(Value::Null, |instant| Value::String(instant.to_string()))
}

/// Shows an enum value without its prefix: `CAMPAIGN_STATE_OPEN` as `OPEN`.
pub fn state(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_owned()
}
