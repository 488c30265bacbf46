//! What must hold for a layout of a REST API. An error says what is wrong, and where.

use http::header::{HeaderName, HeaderValue};

use crate::handoff::partner::meaning::{class, meaning};
use crate::handoff::partner::order_fields::ORDER_FIELDS;
use crate::kernel::flat_file::Column;

use super::model::{Answers, Authorization, Call, HttpLayout, Method, REFERENCES, fields_of, told};
use super::path::{Part, parts};

/// Headers that are ours to set.
const OURS: [&str; 6] = [
    "authorization",
    "connection",
    "content-length",
    "host",
    "traceparent",
    "transfer-encoding",
];
/// What a cancellation can name beside [`REFERENCES`].
const OF_A_CANCELLATION: [&str; 5] = [
    "cancels_handoff_id",
    "cancellation_reason",
    "kind",
    "queue_date",
    "term_months",
];
/// What an extension can name beside [`REFERENCES`].
const OF_AN_EXTENSION: [&str; 5] = [
    "extends_handoff_id",
    "engagement_number",
    "kind",
    "queue_date",
    "term_months",
];
/// What a path can name of these.
const EARLIER: [&str; 3] = [
    "cancels_handoff_id",
    "extends_handoff_id",
    "updates_handoff_id",
];

pub(super) fn check(layout: &HttpLayout) -> Result<(), String> {
    if let Authorization::Oauth2(oauth) = &layout.authorization
        && oauth.client_id.is_empty()
    {
        return Err("authorization.oauth2.client_id must not be empty".to_owned());
    }
    headers(layout)?;
    fields(layout)?;
    let order = |name: &str, call: &Call| {
        checked(layout, name, call, &ORDER_FIELDS)?;
        refers(name, call, &["handoff_id"])
    };
    order("submit", &layout.submit)?;
    if let Some(update) = &layout.update {
        order("update", update)?;
    }
    checked(layout, "inquire", &layout.inquire, &[])?;
    refers("inquire", &layout.inquire, &["handoff_id"])?;
    for (name, call) in [("submit", &layout.submit), ("inquire", &layout.inquire)] {
        let parts = parts(&call.path).unwrap_or_default();
        if parts.contains(&Part::Field("partner_reference")) {
            return Err(format!(
                "{name}.path: {{partner_reference}} is not known before an answer was seen"
            ));
        }
    }
    checked(layout, "cancel", &layout.cancel, &OF_A_CANCELLATION)?;
    let references = ["cancels_handoff_id", "partner_reference"];
    refers("cancel", &layout.cancel, &references)?;
    if let Some(extend) = &layout.extend {
        checked(layout, "extend", extend, &OF_AN_EXTENSION)?;
        refers("extend", extend, &["handoff_id"])?;
        refers(
            "extend",
            extend,
            &["extends_handoff_id", "partner_reference"],
        )?;
    }
    if let Some(restore) = &layout.restore {
        order("restore", restore)?;
    }
    if let Some(update) = &layout.update_person {
        order("update_person", update)?;
        let earlier = ["updates_handoff_id", "partner_reference"];
        refers("update_person", update, &earlier)?;
    }
    answers(&layout.answers)
}

fn headers(layout: &HttpLayout) -> Result<(), String> {
    for (name, value) in &layout.headers {
        let wrong = |rule| Err(format!("headers.{name}: {rule}"));
        let Ok(known) = HeaderName::from_bytes(name.as_bytes()) else {
            return wrong("is no name of a header");
        };
        if OURS.contains(&known.as_str()) {
            return wrong("is not set here");
        }
        if HeaderValue::from_str(value).is_err() {
            return wrong("cannot stand in a header");
        }
    }
    Ok(())
}

/// A column of a file has more than a field of a document.
fn fields(layout: &HttpLayout) -> Result<(), String> {
    for (name, column) in &layout.fields {
        if !ORDER_FIELDS.contains(&name.as_str()) {
            return Err(format!(
                "fields.{name}: is none of {}",
                ORDER_FIELDS.join(", ")
            ));
        }
        let plain = Column {
            width: column.width,
            required: column.required,
            date: column.date.clone(),
            words: column.words.clone(),
            ..Column::default()
        };
        if plain != *column {
            return Err(format!(
                "fields.{name}: takes required, width, date and words alone"
            ));
        }
    }
    Ok(())
}

fn checked(layout: &HttpLayout, name: &str, call: &Call, further: &[&str]) -> Result<(), String> {
    let wrong = |at: &str, rule: String| Err(format!("{name}.{at}: {rule}"));
    let parts = match parts(&call.path) {
        Ok(parts) => parts,
        Err(rule) => return wrong("path", rule.to_owned()),
    };
    let in_path = |field: &str| {
        let is_earlier = EARLIER.contains(&field) && further.contains(&field);
        is_earlier || REFERENCES.contains(&field)
    };
    let mut made = String::new();
    for part in parts {
        match part {
            Part::Text(text) => made.push_str(text),
            Part::Field(field) if in_path(field) => made.push('x'),
            Part::Field(field) => {
                return wrong(
                    "path",
                    format!("{{{field}}} is none of {}", REFERENCES.join(", ")),
                );
            }
        }
    }
    if !made.starts_with('/') || layout.base.join(&made).is_none() {
        return wrong(
            "path",
            "must begin with / and be one that can stand in an address".to_owned(),
        );
    }
    if let Some(body) = &call.body {
        if call.method == Method::Get {
            return wrong("body", "must not be given with GET".to_owned());
        }
        let fits = |field: &&str| !further.contains(field) && !REFERENCES.contains(field);
        if let Some(field) = fields_of(body).find(fits) {
            let known = [&REFERENCES, further].concat().join(", ");
            return wrong(
                "body",
                format!("{field:?} is none of {known}; a text that is no field begins with ="),
            );
        }
    }
    for (status, means) in &call.http {
        let number = status
            .split_once(' ')
            .map_or(status.as_str(), |(number, _)| number);
        let is_status = number.len() == 3 && number.parse::<u16>().is_ok_and(|it| it >= 200);
        if !is_status {
            return wrong(
                "http",
                format!("{status:?} must be a status such as 404, or 404 CODE"),
            );
        }
        if told(means).is_none() {
            return wrong(
                "http",
                format!(
                    "{status:?} must mean a status, or SEND_AGAIN, THROTTLED, NOT_ALLOWED, ASK, NOT_KNOWN or REJECTED"
                ),
            );
        }
    }
    Ok(())
}

/// Demands that the partner learns which order is meant.
fn refers(name: &str, call: &Call, references: &[&str]) -> Result<(), String> {
    if references.iter().any(|field| call.names(field)) {
        return Ok(());
    }
    Err(format!(
        "{name} must name {} in its path or its body",
        references.join(" or ")
    ))
}

fn answers(answers: &Answers) -> Result<(), String> {
    let places = [
        ("handoff_id", answers.handoff_id.as_deref()),
        ("status", Some(answers.status.as_str())),
        ("code", answers.code.as_deref()),
        ("error_code", answers.error_code.as_deref()),
        ("partner_reference", answers.partner_reference.as_deref()),
        ("effective_time", answers.effective_time.as_deref()),
        ("revision", answers.revision.as_deref()),
        ("attempt", answers.attempt.as_deref()),
    ];
    for (name, pointer) in places {
        if pointer.is_some_and(|pointer| !pointer.starts_with('/')) {
            return Err(format!(
                "answers.{name} must be a JSON pointer, such as /status"
            ));
        }
    }
    if answers.statuses.is_empty() {
        return Err("answers.statuses must say what the partner's words mean".to_owned());
    }
    for (word, means) in &answers.statuses {
        if meaning(means, None).is_none() {
            return Err(format!(
                "answers.statuses: {word:?} must mean ACCEPTED, ACTIVE, SUSPENDED, ENDED, CANCELED, SEND_AGAIN, ACTION_REQUIRED or REFUSED, the last two perhaps with an outcome class"
            ));
        }
    }
    match answers
        .codes
        .iter()
        .find(|(_, means)| class(means).is_none())
    {
        Some((code, _)) => Err(format!(
            "answers.codes: {code:?} must mean an outcome class"
        )),
        None => Ok(()),
    }
}
