//! From an answer of a REST API to what it says of a handoff. Pure.
//!
//! What the layout says of an HTTP status goes first. Where it says nothing:
//!
//! | Answer | Submit | Inquire | Cancel |
//! |---|---|---|---|
//! | 2xx with a document | the status in it | the status in it | the status in it |
//! | 2xx without one | unreadable | unreadable | unreadable |
//! | a page (`text/html`), but with 5xx | not let in | not let in | not let in |
//! | 3xx, 401, 403, 405, 501 | not let in | not let in | not let in |
//! | 4xx but 429, with a code that is an outcome class | ACTION_REQUIRED, that class | as below | as below |
//! | 400, 422 | ACTION_REQUIRED, INVALID_INPUT | refused | refused |
//! | 404 | not let in: nothing is at the address | not known | not known: nothing to cancel |
//! | 409 | the partner may have it: it is asked | refused | refused |
//! | 429; 503 with Retry-After | throttled | throttled | throttled |
//! | 503 without | unavailable | unavailable | unavailable |
//! | 408, any other 5xx | not seen: asked before it is sent again | the same | the same |
//! | any other 4xx | refused | refused | refused |

use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use jiff::civil::{Date, Time};
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::db::entities::outcome::OutcomeClass;
use crate::handoff::outcome::convert::{self, Unreadable};
use crate::handoff::partner::http_layout::{Answers, Call, Told};
use crate::handoff::partner::meaning::{Meaning, class};
use crate::handoff::push::circuit_breaker::Signal;
use crate::handoff::queue::retry_policy::{Failure, PartnerStatus};
use crate::handoff::queue::state::Fact;
use crate::kernel::clock::Timestamp;
use crate::kernel::web::WebAnswer;

use super::reply::Reply;

/// The longest pause that is read out of Retry-After; the pace allows less.
const LONGEST_PAUSE: Duration = Duration::from_hours(24);

/// Which call was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// An order.
    Submit,
    /// A question about an order.
    Inquire,
    /// A cancellation.
    Cancel,
}

/// Reads the answers to one call.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'c> {
    /// How answers are read.
    pub answers: &'c Answers,
    /// The call as the layout has it.
    pub call: &'c Call,
    /// Which one it is.
    pub what: What,
    /// The references that an answer may bear.
    pub about: &'c [String],
    /// Now.
    pub now: Timestamp,
}

impl Reader<'_> {
    /// Reads an answer.
    pub fn read(&self, answer: &WebAnswer) -> Reply {
        if is_page(&answer.headers) && !answer.status.is_server_error() {
            return not_allowed();
        }
        let document = answer.body.as_deref();
        let document: Option<Value> = document.and_then(|body| serde_json::from_slice(body).ok());
        let document = document.unwrap_or_default();
        let is_error = !answer.status.is_success();
        let code = self.code(&document, is_error);
        let (status, pause) = (
            answer.status.as_u16(),
            retry_after(&answer.headers, self.now),
        );
        match self.call.told(status, code.as_deref()) {
            Some(told) => self.told(told, &document, code, pause),
            None if is_error => self.error(status, &document, code, pause),
            None => self.standing(&document),
        }
    }

    /// Tells whether this 401 is the partner's word about a person, and not about us.
    pub fn is_about_the_order(&self, answer: &WebAnswer) -> bool {
        matches!(self.read(answer), Reply::Status(_) | Reply::NotKnown)
    }

    fn told(
        &self,
        told: Told,
        document: &Value,
        code: Option<String>,
        pause: Option<Duration>,
    ) -> Reply {
        match told {
            Told::Fact(fact) => self.fact(fact, document, code),
            Told::SendAgain => unavailable(),
            Told::Throttled => throttled(pause),
            Told::NotAllowed => not_allowed(),
            Told::Ask => Reply::Failed(Failure::Unseen, Signal::Up),
            Told::NotKnown => Reply::NotKnown,
            Told::Rejected => rejected(),
        }
    }

    fn error(
        &self,
        status: u16,
        document: &Value,
        code: Option<String>,
        pause: Option<Duration>,
    ) -> Reply {
        let named = code.as_ref().and_then(|code| self.answers.codes.get(code));
        let named = named.and_then(|means| class(means));
        let is_order = self.what == What::Submit;
        match (status, named) {
            (429, _) => throttled(pause),
            (400..=499, Some(class)) if is_order => {
                self.fact(Fact::ActionRequired(class), document, code)
            }
            // Somebody must act; another try would not help.
            (400 | 422, _) if is_order => {
                let wrong = Fact::ActionRequired(OutcomeClass::InvalidInput);
                self.fact(wrong, document, code)
            }
            (409, _) if is_order => Reply::Failed(Failure::Unseen, Signal::Up),
            (404, _) if !is_order => Reply::NotKnown,
            (300..=399 | 401 | 403 | 404 | 405 | 501, _) => not_allowed(),
            (503, _) if pause.is_some() => throttled(pause),
            (503, _) => unavailable(),
            (408 | 500..=599, _) => Reply::Failed(Failure::Unseen, Signal::Failed),
            _ => rejected(),
        }
    }

    /// Reads how the handoff stands.
    fn standing(&self, document: &Value) -> Reply {
        let unreadable = Reply::Failed(Failure::Unreadable, Signal::Up);
        if !document.is_object() || !self.is_ours(document) {
            return unreadable;
        }
        let of = |pointer| scalar(document, pointer).unwrap_or_default();
        let status = of(Some(&self.answers.status));
        let code = of(self.answers.code.as_ref());
        match self.answers.meaning(&status, &code) {
            None => unreadable,
            Some(Meaning::SendAgain) => unavailable(),
            Some(Meaning::Fact(fact)) => {
                let status = self.status(fact, document, &code);
                status.map_or(unreadable, Reply::Status)
            }
        }
    }

    fn status(
        &self,
        fact: Fact,
        document: &Value,
        code: &str,
    ) -> Result<PartnerStatus, Unreadable> {
        let answers = self.answers;
        let of = |pointer: &Option<String>| scalar(document, pointer.as_ref());
        let revision = of(&answers.revision).map_or(Ok(0), |text| text.parse());
        let revision: i64 = revision.map_err(|_| Unreadable)?;
        if revision < 0 {
            return Err(Unreadable);
        }
        let attempt = of(&answers.attempt).map_or(Ok(0), |text| text.parse());
        let reference = of(&answers.partner_reference).unwrap_or_default();
        let since = of(&answers.effective_time).map(|text| instant(&text));
        Ok(PartnerStatus {
            reference: convert::reference(&reference)?,
            native_code: convert::text(code)?,
            revision,
            attempt: convert::attempt(attempt.map_err(|_| Unreadable)?)?,
            ..PartnerStatus::of(fact, since.transpose()?.unwrap_or(self.now))
        })
    }

    /// Makes a status of what an HTTP status says, with what can be read beside it.
    fn fact(&self, fact: Fact, document: &Value, code: Option<String>) -> Reply {
        let reference = scalar(document, self.answers.partner_reference.as_ref());
        let kept = |text: String| convert::text(&text).ok().flatten();
        Reply::Status(PartnerStatus {
            reference: reference.and_then(kept),
            native_code: code.and_then(kept),
            ..PartnerStatus::of(fact, self.now)
        })
    }

    fn code(&self, document: &Value, is_error: bool) -> Option<String> {
        let of_error = self.answers.error_code.as_ref().filter(|_| is_error);
        scalar(document, of_error.or(self.answers.code.as_ref()))
    }

    fn is_ours(&self, document: &Value) -> bool {
        let Some(pointer) = &self.answers.handoff_id else {
            return true;
        };
        let named = scalar(document, Some(pointer)).unwrap_or_default();
        let mut about = self.about.iter();
        about.any(|ours| ours.eq_ignore_ascii_case(&named))
    }
}

fn rejected() -> Reply {
    Reply::Failed(Failure::Rejected, Signal::Up)
}

fn unavailable() -> Reply {
    Reply::Failed(Failure::Unavailable, Signal::Failed)
}

fn not_allowed() -> Reply {
    Reply::Failed(Failure::NotAllowed, Signal::Down)
}

fn throttled(retry_after: Option<Duration>) -> Reply {
    let signal = Signal::Throttled { retry_after };
    Reply::Failed(Failure::Throttled { retry_after }, signal)
}

/// A page for people where a document should be: an expired password, a wrong address, a portal on the way.
fn is_page(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let kind = kind.unwrap_or_default().to_ascii_lowercase();
    kind.starts_with(b"text/html") || kind.starts_with(b"application/xhtml")
}

/// Gives a text, a number or a flag that stands in a document; nothing for what is none of these.
fn scalar(document: &Value, pointer: Option<&String>) -> Option<String> {
    match document.pointer(pointer?)? {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Reads an instant, or the beginning of a day in UTC.
fn instant(text: &str) -> Result<Timestamp, Unreadable> {
    if let Ok(day) = text.parse::<Date>()
        && text.len() == 10
    {
        let start = TimeZone::UTC.to_timestamp(day.to_datetime(Time::midnight()));
        return start.map(Timestamp::from_jiff).map_err(|_| Unreadable);
    }
    text.parse().map_err(|_| Unreadable)
}

/// Reads Retry-After (RFC 9110, 10.2.3): seconds or a date.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let pause = if is_number {
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        let date = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        Timestamp::from_jiff(date).since(now)
    };
    Some(pause.min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests;
