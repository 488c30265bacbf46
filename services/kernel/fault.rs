//! Errors as callers see them.
//!
//! Every answer that is not OK carries exactly one `ErrorInfo` with a [`Reason`] from the closed catalogue (AIP-193). The
//! text of a status is constant: no data is in it, so that nothing personal can leak through an error.

mod catalogue;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt};

pub use catalogue::Reason;

/// The domain of every `ErrorInfo`.
pub const DOMAIN: &str = "redress.dev";

/// The most violations in one answer; trailers above 8 KiB are dropped by some clients.
const MAX_VIOLATIONS: usize = 20;
/// The most bytes of details in one answer.
const MAX_DETAILS: usize = 4 * 1024;

type Text = Cow<'static, str>;

/// An error on its way to a caller.
#[derive(Clone, PartialEq, Eq)]
pub struct Fault(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    reason: Reason,
    fields: Vec<(Text, Text)>,
    preconditions: Vec<(Text, Text, Text)>,
    metadata: Vec<(Text, Text)>,
    retry_after: Option<Duration>,
}

impl Fault {
    /// Starts an error with its reason.
    #[must_use]
    pub fn new(reason: Reason) -> Self {
        Self(Box::new(Inner {
            reason,
            fields: Vec::new(),
            preconditions: Vec::new(),
            metadata: Vec::new(),
            retry_after: None,
        }))
    }

    /// Names a field of the request, `a.b[2].c`, and the rule it breaks. Never the value.
    #[must_use]
    pub fn field(mut self, path: impl Into<Text>, description: impl Into<Text>) -> Self {
        self.0.fields.push((path.into(), description.into()));
        self
    }

    /// Says how long to wait before the same call can succeed.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.0.retry_after = Some(delay);
        self
    }

    /// Names a state that must change first: its kind, the resource (an id) and what to do.
    #[must_use]
    pub fn precondition(
        mut self,
        kind: impl Into<Text>,
        subject: impl Into<Text>,
        description: impl Into<Text>,
    ) -> Self {
        let violation = (kind.into(), subject.into(), description.into());
        self.0.preconditions.push(violation);
        self
    }

    /// Adds a pair to the `ErrorInfo`. Keys are lowerCamelCase; values are ids, counts and names of states.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<Text>, value: impl Into<Text>) -> Self {
        self.0.metadata.push((key.into(), value.into()));
        self
    }

    /// Gives the reason.
    pub fn reason(&self) -> Reason {
        self.0.reason
    }

    /// Tells whether a field is named; for parsers that collect violations.
    pub fn has_fields(&self) -> bool {
        !self.0.fields.is_empty()
    }

    /// Takes over the field violations of another error, each under a prefix such as `claims.`.
    #[must_use]
    pub fn absorb(mut self, prefix: &str, other: Self) -> Self {
        let fields = other.0.fields.into_iter();
        self.0
            .fields
            .extend(fields.map(|(path, text)| (format!("{prefix}{path}").into(), text)));
        self
    }

    fn details(&self, violations: usize) -> ErrorDetails {
        let inner = &self.0;
        let metadata = inner.metadata.iter();
        let metadata: std::collections::HashMap<String, String> = metadata
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect();
        let mut details = ErrorDetails::with_error_info(inner.reason.as_str(), DOMAIN, metadata);
        for (path, text) in inner.fields.iter().take(violations) {
            details.add_bad_request_violation(path.as_ref(), text.as_ref());
        }
        for (kind, subject, text) in inner.preconditions.iter().take(violations) {
            details.add_precondition_failure_violation(
                kind.as_ref(),
                subject.as_ref(),
                text.as_ref(),
            );
        }
        if let Some(delay) = inner.retry_after {
            details.set_retry_info(Some(delay));
        }
        details
    }
}

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        let reason = fault.reason();
        let status = |violations| {
            Status::with_error_details(reason.code(), reason.text(), fault.details(violations))
        };
        let mut violations = MAX_VIOLATIONS;
        loop {
            let made = status(violations);
            if made.details().len() <= MAX_DETAILS || violations == 0 {
                return made;
            }
            violations /= 2;
        }
    }
}

impl From<Reason> for Fault {
    fn from(reason: Reason) -> Self {
        Self::new(reason)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.reason.text())
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = self.0.fields.iter().map(|(path, text)| (path, text));
        f.debug_struct("Fault")
            .field("reason", &self.0.reason)
            .field("fields", &fields.collect::<Vec<_>>())
            .field("retry_after", &self.0.retry_after)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Fault {}

/// Reads the reason out of an answer, for clients and tests.
pub fn reason_of(status: &Status) -> Option<Reason> {
    let info = status.get_details_error_info()?;
    (info.domain == DOMAIN)
        .then(|| Reason::parse(&info.reason))
        .flatten()
}

/// Reads the wait that an answer asks for.
pub fn retry_after_of(status: &Status) -> Option<Duration> {
    status.get_details_retry_info()?.retry_delay
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_carries_one_error_info_and_constant_text() {
        let fault = Fault::new(Reason::Throttled)
            .retry_after(Duration::from_secs(3))
            .metadata("limit", "calls");
        let status = Status::from(fault);
        assert_eq!(status.code(), tonic::Code::ResourceExhausted);
        assert_eq!(status.message(), Reason::Throttled.text());
        assert_eq!(reason_of(&status), Some(Reason::Throttled));
        assert_eq!(retry_after_of(&status), Some(Duration::from_secs(3)));
        let infos = status.get_error_details_vec();
        assert_eq!(infos.len(), 2);
    }

    #[test]
    fn violations_stay_within_what_trailers_carry() {
        let mut fault = Fault::new(Reason::InvalidRequest);
        for row in 0..500 {
            fault = fault.field(format!("rows[{row}].name"), "x".repeat(300));
        }
        let status = Status::from(fault);
        assert!(status.details().len() <= MAX_DETAILS);
        let violations = status.get_details_bad_request().unwrap().field_violations;
        assert!(!violations.is_empty() && violations.len() <= MAX_VIOLATIONS);
        assert_eq!(reason_of(&status), Some(Reason::InvalidRequest));
    }

    #[test]
    fn preconditions_and_absorbed_fields_arrive() {
        let inner = Fault::new(Reason::InvalidRequest).field("ssn", "must have nine digits");
        let fault = Fault::new(Reason::InvalidRequest)
            .absorb("claims.", inner)
            .precondition("STATE", "id", "begin again");
        assert!(fault.has_fields());
        let details = Status::from(fault).get_error_details();
        assert_eq!(
            details.bad_request().unwrap().field_violations[0].field,
            "claims.ssn"
        );
        assert_eq!(
            details.precondition_failure().unwrap().violations[0].r#type,
            "STATE"
        );
    }

    #[test]
    fn an_answer_from_elsewhere_has_no_reason_of_ours() {
        assert_eq!(reason_of(&Status::internal("x")), None);
    }
}
