//! A layout as it is read, and what stands in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::handoff::partner::meaning::{Meaning, class, meaning};
use crate::handoff::queue::state::Fact;
use crate::kernel::flat_file::Column;
use crate::kernel::web::WebUrl;

use super::path::{Part, parts};

/// A text in a body that begins with this is a text, and names no field.
pub const LITERAL: char = '=';

/// What a path can name, and a body too: nothing of a person, for addresses stand in the logs of servers.
pub const REFERENCES: [&str; 6] = [
    "handoff_id",
    "attempt",
    "partner_reference",
    "coverage_id",
    "product_code",
    "contract_code",
];

/// The REST API of a partner.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpLayout {
    /// Where it is; paths are below it.
    #[serde(deserialize_with = "url")]
    pub base: WebUrl,
    /// How we prove who we are.
    pub authorization: Authorization,
    /// Further headers of every call.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How fields are written where it is not as they are: `width` is the most characters, and `required`, `date` and `words` are as in the columns
    /// of files.
    #[serde(default)]
    pub fields: BTreeMap<String, Column>,
    /// Orders an enrollment.
    pub submit: Call,
    /// Orders it again, after a correction; without one `submit` does.
    pub update: Option<Call>,
    /// Asks how an order stands, by our reference.
    pub inquire: Call,
    /// Cancels what was ordered.
    pub cancel: Call,
    /// Gives what was ordered a longer term; without it an operator sees to that.
    pub extend: Option<Call>,
    /// Orders that an identity is restored; without it an operator sees to that.
    pub restore: Option<Call>,
    /// Tells the person's new data for what was ordered and runs; without it an operator sees to that.
    pub update_person: Option<Call>,
    /// How answers are read.
    pub answers: Answers,
}

/// How we prove who we are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Authorization {
    /// By the certificate of this process.
    Mtls,
    /// By a token (RFC 6749, 4.4: client credentials). The secret lies in a file.
    Oauth2(Oauth2),
}

/// Where a token comes from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oauth2 {
    /// The token endpoint.
    #[serde(deserialize_with = "url")]
    pub token_url: WebUrl,
    /// Our name there.
    pub client_id: String,
    /// What the token is for, if the endpoint wants to know.
    #[serde(default)]
    pub scope: String,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The path, with `{handoff_id}` and the like in it.
    pub path: String,
    /// The body: JSON whose texts name fields.
    #[serde(default, deserialize_with = "json")]
    pub body: Option<Value>,
    /// What an HTTP status means where it is not as usual: `404`, or `404 CODE` with the partner's own code.
    #[serde(default)]
    pub http: BTreeMap<String, String>,
}

/// A method of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "RFC 9110 says what they mean")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// Where in an answer something stands, as JSON pointers (RFC 6901), and what the partner's words mean.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// Our reference; where it is given, an answer that bears another one is none.
    pub handoff_id: Option<String>,
    /// The partner's word for the status.
    pub status: String,
    /// Its code beside the status.
    pub code: Option<String>,
    /// Its code in an answer that is an error; without one that of `code`.
    pub error_code: Option<String>,
    /// Its own reference.
    pub partner_reference: Option<String>,
    /// Since when it is so: an instant (RFC 3339) or a date.
    pub effective_time: Option<String>,
    /// Its count of the changes.
    pub revision: Option<String>,
    /// The attempt that it speaks of.
    pub attempt: Option<String>,
    /// What its words for a status mean; `""` is for an answer without one.
    pub statuses: BTreeMap<String, String>,
    /// What its codes mean, as outcome classes.
    #[serde(default)]
    pub codes: BTreeMap<String, String>,
}

/// What a layout says that an HTTP status means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The partner reports it.
    Fact(Fact),
    /// The partner cannot work now.
    SendAgain,
    /// It wants a slower pace.
    Throttled,
    /// It does not let us in, or it is not there.
    NotAllowed,
    /// It may have the order: it is asked.
    Ask,
    /// It does not know the order.
    NotKnown,
    /// It refuses this call.
    Rejected,
}

fn url<'de, D: Deserializer<'de>>(from: D) -> Result<WebUrl, D::Error> {
    let text = String::deserialize(from)?;
    if text.contains(['?', '#']) {
        let wrong = "must have no query: what every call needs goes into [headers]";
        return Err(serde::de::Error::custom(wrong));
    }
    text.parse().map_err(serde::de::Error::custom)
}

fn json<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    let text = String::deserialize(from)?;
    let body: Value = serde_json::from_str(&text)
        .map_err(|error| serde::de::Error::custom(format!("body is no JSON: {error}")))?;
    if !body.is_object() {
        return Err(serde::de::Error::custom("body must be a JSON object"));
    }
    Ok(Some(body))
}

impl Call {
    /// Gives what the layout says of an HTTP status with the partner's own code; what it says of both goes first.
    pub fn told(&self, status: u16, code: Option<&str>) -> Option<Told> {
        let of_both = code.and_then(|code| self.http.get(&format!("{status} {code}")));
        let of_status = || self.http.get(&status.to_string());
        told(of_both.or_else(of_status)?)
    }

    /// Tells whether the path or the body names a field.
    pub fn names(&self, field: &str) -> bool {
        let in_path = parts(&self.path).is_ok_and(|parts| parts.contains(&Part::Field(field)));
        let in_body = |body| fields_of(body).any(|named| named == field);
        in_path || self.body.as_ref().is_some_and(in_body)
    }
}

impl Answers {
    /// Gives what a status and a code mean; nothing where the status is none that the layout has.
    pub fn meaning(&self, status: &str, code: &str) -> Option<Meaning> {
        let of_code = self.codes.get(code).and_then(|means| class(means));
        meaning(self.statuses.get(status)?, of_code)
    }
}

/// Gives the fields that a body names, each as often as it does.
pub fn fields_of(body: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match body {
        Value::String(text) if !text.starts_with(LITERAL) => Box::new(std::iter::once(&**text)),
        Value::Object(object) => Box::new(object.values().flat_map(fields_of)),
        Value::Array(array) => Box::new(array.iter().flat_map(fields_of)),
        _ => Box::new(std::iter::empty()),
    }
}

/// Reads what a layout says that an HTTP status means.
pub fn told(means: &str) -> Option<Told> {
    Some(match means {
        "THROTTLED" => Told::Throttled,
        "NOT_ALLOWED" => Told::NotAllowed,
        "ASK" => Told::Ask,
        "NOT_KNOWN" => Told::NotKnown,
        "REJECTED" => Told::Rejected,
        _ => match meaning(means, None)? {
            Meaning::SendAgain => Told::SendAgain,
            Meaning::Fact(fact) => Told::Fact(fact),
        },
    })
}
