//! What went wrong, in words for the person at the terminal, and the exit code that goes with it.
//!
//! One message a failure: what was being done, what the answer was, and what to do now.

use std::error::Error;
use std::fmt::{self, Write as _};

use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::kernel::fault::Reason;
use crate::kernel::keyring::KeyError;

/// A failure: a message and an exit code.
#[derive(Debug)]
pub struct Problem {
    exit_code: u8,
    message: String,
    reason: Option<Reason>,
}

/// The result of a command.
pub type Outcome = Result<(), Problem>;

impl Problem {
    /// The request was refused or a check failed: exit code 1.
    pub fn refused(message: impl Into<String>) -> Self {
        Self {
            exit_code: 1,
            message: message.into(),
            reason: None,
        }
    }

    /// The call, a setting or the surroundings are wrong: exit code 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self {
            exit_code: 2,
            message: message.into(),
            reason: None,
        }
    }

    /// A file cannot be used.
    pub fn file(path: &std::path::Path, error: &dyn fmt::Display) -> Self {
        Self::usage(format!("{}: {error}", path.display()))
    }

    /// Puts a service's answer into words; `doing` finishes the sentence "cannot ...".
    pub fn from_status(doing: &str, status: &Status) -> Self {
        if let Some(cause) = transport_cause(status) {
            return Self::usage(format!(
                "cannot {doing}: the service does not answer ({cause})\n  `redress health` shows what runs; `redress up` starts everything on this machine"
            ));
        }
        if broke_off(status) {
            return Self::usage(format!(
                "cannot {doing}: the connection broke off ({})\n  what was done stays done: run the same command again, and see `redress health` if it breaks off again",
                status.message()
            ));
        }
        Self {
            exit_code: exit_code(status.code()),
            message: in_words(doing, status),
            reason: reason(status),
        }
    }

    /// Gives the reason of a service's refusal.
    pub fn reason(&self) -> Option<Reason> {
        self.reason
    }

    /// Gives the exit code.
    pub fn exit_code(&self) -> u8 {
        self.exit_code
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        Self::usage(error.to_string())
    }
}

/// Turns a service's refusal into a [`Problem`] that says what was being done.
pub trait OrProblem<T> {
    /// Finishes the sentence "cannot ...".
    fn or_problem(self, doing: &str) -> Result<T, Problem>;
}

impl<T> OrProblem<T> for Result<tonic::Response<T>, Status> {
    fn or_problem(self, doing: &str) -> Result<T, Problem> {
        self.map(tonic::Response::into_inner)
            .map_err(|status| Problem::from_status(doing, &status))
    }
}

/// Gives the reason of a refusal, if the service named one of the catalogue's.
pub fn reason(status: &Status) -> Option<Reason> {
    Reason::parse(&status.get_details_error_info()?.reason)
}

/// Tells whether the connection broke off: an error of a service itself always names a reason.
pub fn broke_off(status: &Status) -> bool {
    let codes = [
        Code::Unknown,
        Code::Internal,
        Code::Unavailable,
        Code::Cancelled,
    ];
    codes.contains(&status.code()) && status.get_details_error_info().is_none()
}

/// Gives the innermost cause when the call never reached a service.
fn transport_cause(status: &Status) -> Option<String> {
    let mut cause = status.source()?;
    cause.downcast_ref::<tonic::transport::Error>()?;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    Some(cause.to_string())
}

fn exit_code(code: Code) -> u8 {
    match code {
        Code::Unavailable | Code::Unauthenticated | Code::Unimplemented | Code::Internal => 2,
        _ => 1,
    }
}

fn in_words(doing: &str, status: &Status) -> String {
    let details = status.get_error_details();
    let mut text = format!("cannot {doing}: {}", status.message());
    let _ = match details.error_info() {
        Some(info) => write!(text, " ({:?}, {})", status.code(), info.reason),
        None => write!(text, " ({:?})", status.code()),
    };
    for violation in details
        .bad_request()
        .into_iter()
        .flat_map(|it| &it.field_violations)
    {
        let _ = write!(text, "\n  {}: {}", violation.field, violation.description);
    }
    for violation in details
        .precondition_failure()
        .into_iter()
        .flat_map(|it| &it.violations)
    {
        let _ = write!(text, "\n  {}", violation.description);
    }
    if let Some(wait) = details.retry_info().and_then(|it| it.retry_delay) {
        let _ = write!(text, "\n  try again in {} s", wait.as_secs() + 1);
    }
    if let Some(text_of_help) = reason(status).and_then(help) {
        let _ = write!(text, "\n  {text_of_help}");
    }
    text
}

/// What an operator can do about a refusal, where the refusal itself does not say it.
fn help(reason: Reason) -> Option<&'static str> {
    Some(match reason {
        Reason::CampaignNotFound => "`redress campaign list` shows the campaigns",
        Reason::PartnerNotFound => "`redress partner list` shows the partners",
        Reason::BatchNotFound => "`redress codes batches` shows the batches",
        Reason::WaveNotFound => "`redress codes waves` shows the waves",
        Reason::ReferralNotFound => "`redress referral list` shows the referrals",
        Reason::ReviewNotFound => {
            "`redress roster reviews` shows those that are open, with --state the others"
        }
        Reason::ReviewState => {
            "`redress roster review ID` shows how it was decided; --decide reopen takes that back. A person who is off the list cannot be merged"
        }
        Reason::EnrollmentNotFound => "`redress enrollment list` shows the enrollments",
        Reason::HandoffNotFound => "`redress handoff list` shows the handoffs",
        Reason::DifferenceNotFound => "`redress reconcile differences --all` shows them",
        Reason::ReconciliationState => {
            "`redress reconcile lists` shows what was compared, `redress reconcile differences --all` where each difference stands"
        }
        Reason::ManifestNotFound => {
            "`redress reconcile manifests --partner NAME` lists the days that were kept"
        }
        Reason::InvoiceCheckNotFound => "`redress reconcile invoices` lists what was checked",
        Reason::InvoiceExists => {
            "`redress reconcile invoices` shows what was checked under it; --replace checks a corrected invoice in its place"
        }
        Reason::NotMailable => "import a roster file with the right address first",
        Reason::NoCodeYet => "`redress codes issue` gives everybody a first code",
        Reason::WaveEmpty => {
            "`redress codes issue --wave NAME` does it; where that finds nobody, `redress codes waves` shows whom the wave selects"
        }
        Reason::BatchNotExported => {
            "`redress mailing export --wave NAME` writes the letters, `redress codes batches` shows which batch has no first export"
        }
        Reason::BatchIncomplete => "`redress codes issue` goes on with the batch",
        Reason::ExportNotApproved => {
            "ask: `redress mailing request`; then another operator, under a certificate of their own: `redress mailing approve ID`; then run this again"
        }
        Reason::ExportApprovalNotFound => "`redress mailing approvals` shows them",
        Reason::ExportApprovalExpired => "`redress mailing request` asks again",
        Reason::BatchSealed => {
            "people who lost their letter are verified without it, or get a new code"
        }
        Reason::CallerNotAllowed => "use the certificate of a role that may: --cert and --key",
        Reason::CallerUnknown => {
            "the certificate must carry spiffe://redress/<role>/<name>: `redress certs` makes such ones"
        }
        Reason::CodeMistyped => {
            "every single mistyped letter shows; compare it with the letter once more"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::fault::Fault;

    #[test]
    fn a_refusal_names_the_deed_the_reason_the_fields_and_help() {
        let fault = Fault::new(Reason::BatchSealed).field("batch_id", "names a sealed batch");
        let problem = Problem::from_status("export the codes", &fault.into());
        let text = problem.to_string();
        assert!(
            text.starts_with("cannot export the codes: The batch is sealed"),
            "{text}"
        );
        assert!(
            text.contains("BATCH_SEALED") && text.contains("batch_id: names a sealed batch"),
            "{text}"
        );
        assert!(text.contains("people who lost their letter"), "{text}");
        assert_eq!(problem.exit_code(), 1);
    }

    #[test]
    fn a_service_that_fails_is_the_surroundings_fault() {
        let problem = Problem::from_status("list", &Fault::new(Reason::StorageUnavailable).into());
        assert_eq!(problem.exit_code(), 2);
    }
}
