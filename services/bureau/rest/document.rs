//! The documents of the REST API, in the bureau's own words.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::bureau::client::files::word;
use crate::kernel::clock::Timestamp;
use crate::wire::google::r#type::Date;
use crate::wire::redress::bureau::v1::{
    EnrollmentOrder, EnrollmentStatus, HandoffKind, OrderedCoverage, Subject,
};
use crate::wire::redress::r#type::v1::PersonName;

/// Gives an enrollment as the API shows it.
pub(super) fn enrollment(status: &EnrollmentStatus) -> Value {
    let since = status.effective_time.as_ref();
    let since = since.and_then(|time| Timestamp::from_proto(time).ok());
    let mut document = json!({
        "reference": status.handoff_id,
        "id": status.partner_reference,
        "status": word(status),
        "since": since.map(|since| since.to_string()),
        "revision": status.revision,
        "attempt": status.attempt,
    });
    if !status.native_code.is_empty() {
        document["reason"] = status.native_code.as_str().into();
    }
    document
}

/// Gives an error.
pub(super) fn error(code: &str) -> Value {
    json!({ "error": { "code": code } })
}

/// Tells whether a cancellation says that the term is over.
pub(super) fn of_cancellation(document: &Value) -> bool {
    document.pointer("/reason").and_then(Value::as_str) == Some("TERM_OVER")
}

/// Reads an extension of an enrollment; nothing where its reference or its months are missing.
pub(super) fn extension(of: Uuid, document: &Value) -> Option<(Uuid, EnrollmentOrder)> {
    let reference = document.pointer("/reference").and_then(Value::as_str)?;
    let months = document.pointer("/months").and_then(Value::as_i64)?;
    let id = Uuid::try_parse(reference).ok()?;
    let order = EnrollmentOrder {
        handoff_id: id.to_string(),
        kind: HandoffKind::Extend.into(),
        attempt: 1,
        extends_handoff_id: of.to_string(),
        coverage: Some(OrderedCoverage {
            term_months: i32::try_from(months).ok()?,
            ..OrderedCoverage::default()
        }),
        ..EnrollmentOrder::default()
    };
    Some((id, order))
}

/// Reads an order with its reference; nothing where one of both, the product or the last name is missing.
pub(super) fn order(document: &Value) -> Option<(Uuid, EnrollmentOrder)> {
    let at = |pointer: &str| document.pointer(pointer);
    let text = |pointer: &str| {
        at(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let number = |pointer: &str| at(pointer).and_then(Value::as_i64);
    let id = Uuid::try_parse(&text("/reference")).ok()?;
    let months = i32::try_from(number("/coverage/months").unwrap_or(0)).ok()?;
    let (product, last_name) = (text("/coverage/product"), text("/customer/lastName"));
    if product.is_empty() || last_name.is_empty() || months < 0 {
        return None;
    }
    let born = text("/customer/birthDate")
        .parse::<jiff::civil::Date>()
        .ok();
    let order = EnrollmentOrder {
        handoff_id: id.to_string(),
        attempt: i32::try_from(number("/attempt").unwrap_or(1)).ok()?,
        engagement_number: text("/engagement"),
        coverage: Some(OrderedCoverage {
            coverage_id: text("/coverage/id"),
            product_code: product,
            term_months: months,
            contract_code: text("/coverage/contract"),
        }),
        subject: Some(Subject {
            name: Some(PersonName {
                given_name: text("/customer/firstName"),
                family_name: last_name,
                ..PersonName::default()
            }),
            date_of_birth: born.map(|born| Date {
                year: born.year().into(),
                month: born.month().into(),
                day: born.day().into(),
            }),
            ssn: text("/customer/ssn"),
            ..Subject::default()
        }),
        activation_code: text("/activationCode"),
        ..EnrollmentOrder::default()
    };
    Some((id, order))
}
