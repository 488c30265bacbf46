//! What can go wrong, as facts of the field, and what a caller is told.

use std::time::Duration;

use crate::db;
use crate::db::entities::ClosedSet;
use crate::db::entities::enrollment::State;
use crate::kernel::combine::Rejected;
use crate::kernel::fault::{Fault, Reason};
use crate::kernel::ids::CoverageId;
use crate::kernel::keyring::KeyError;
use crate::process::throttle::Refusal;
use crate::process::{self, Failure};

/// Why a command did not happen. It holds no data of a person and no code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// What can go wrong in every process.
    #[error(transparent)]
    Common(#[from] process::Error),
    /// There is no such campaign.
    #[error("no such campaign")]
    CampaignNotFound,
    /// The engagement number is taken.
    #[error("the engagement number is taken")]
    CampaignExists,
    /// The campaign is closed.
    #[error("the campaign is closed")]
    CampaignClosed,
    /// There is no such individual.
    #[error("no such individual")]
    IndividualNotFound,
    /// The individual's personal data is destroyed.
    #[error("the individual is erased")]
    IndividualErased,
    /// There is no address to send a letter to.
    #[error("the individual has no deliverable address")]
    NotMailable,
    /// The individual never had a code.
    #[error("no code was issued to the individual")]
    NoCodeYet,
    /// Too many letters were sent to the person, or by the agent.
    #[error("no further letter for now")]
    ReissueLimit {
        /// When it is worth trying again.
        retry_after: Duration,
    },
    /// There is no such wave.
    #[error("no such wave")]
    WaveNotFound,
    /// The wave's name is taken.
    #[error("the wave's name is taken")]
    WaveExists,
    /// The wave's letters are mailed, or are those of a reissue.
    #[error("the wave takes no further batch")]
    WaveMailed,
    /// No codes were issued for the wave.
    #[error("the wave has no codes yet")]
    WaveEmpty,
    /// There is no such batch.
    #[error("no such batch")]
    BatchNotFound,
    /// Codes are still being added to the batch.
    #[error("the batch is not complete")]
    BatchIncomplete,
    /// No export had the letters of a batch.
    #[error("the batch was never exported")]
    BatchNotExported,
    /// No second operator approved the export for this caller, or not any more.
    #[error("the export is not approved")]
    ExportNotApproved,
    /// There is no such export approval.
    #[error("no such export approval")]
    ApprovalNotFound,
    /// The request to export is too old.
    #[error("the request to export has expired")]
    ApprovalExpired,
    /// The operator who asked cannot approve.
    #[error("another person must decide")]
    SecondPerson,
    /// The batch's secret is destroyed.
    #[error("the batch is sealed")]
    BatchSealed,
    /// The check symbols do not fit.
    #[error("the code is mistyped")]
    CodeMistyped,
    /// The one refusal for every cause that could tell a guesser something.
    #[error("the code is not accepted")]
    CodeNotAccepted,
    /// The code behind an enrollment is no longer good.
    #[error("the code's state does not allow this")]
    CodeState,
    /// The code was used; for callers who may know.
    #[error("the code was used")]
    CodeRedeemed,
    /// The code was taken back; for callers who may know.
    #[error("the code was revoked")]
    CodeRevoked,
    /// There is no such enrollment.
    #[error("no such enrollment")]
    EnrollmentNotFound,
    /// The enrollment is beyond this.
    #[error("the enrollment is {}", .state.as_str())]
    EnrollmentState {
        /// Where it stands.
        state: State,
    },
    /// A coverage, or every one, stands where it cannot be ordered again by this caller.
    #[error("no such coverage can be ordered again")]
    CoverageState {
        /// Which; none where no coverage can.
        coverage: Option<CoverageId>,
    },
    /// Whoever consents is not whom the verification names.
    #[error("whoever consents was not verified")]
    ConsenterNotVerified,
    /// The enroll-by date has passed.
    #[error("the enroll-by date has passed")]
    EnrollmentExpired,
    /// No verification allows this.
    #[error("not verified")]
    NotVerified,
    /// The verification is too old.
    #[error("the verification is too old")]
    VerificationExpired,
    /// The consent is not to the campaign's text.
    #[error("the consent is to another text")]
    ConsentOutdated,
    /// There is no such restoration.
    #[error("no such restoration")]
    RestorationNotFound,
    /// There is no product for the individual.
    #[error("no product")]
    NotEligible,
}

impl Failure for Error {
    fn common(&self) -> Option<&process::Error> {
        match self {
            Self::Common(error) => Some(error),
            _ => None,
        }
    }
}

impl db::Storage for Error {
    fn storage(&self) -> Option<&db::Error> {
        self.common()?.storage()
    }
}

impl From<db::Error> for Error {
    fn from(error: db::Error) -> Self {
        process::Error::from(error).into()
    }
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        process::Error::from(error).into()
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        process::Error::from(fault).into()
    }
}

impl From<KeyError> for Error {
    fn from(error: KeyError) -> Self {
        process::Error::from(error).into()
    }
}

impl From<Rejected> for Error {
    fn from(rejected: Rejected) -> Self {
        process::Error::from(rejected).into()
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        process::Error::from(refusal).into()
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Common(error) => error.into(),
            Error::CampaignNotFound => Self::new(Reason::CampaignNotFound),
            Error::CampaignExists => Self::new(Reason::CampaignExists),
            Error::CampaignClosed => Self::new(Reason::CampaignClosed),
            Error::IndividualNotFound => Self::new(Reason::IndividualNotFound),
            Error::IndividualErased => Self::new(Reason::IndividualErased),
            Error::NotMailable => Self::new(Reason::NotMailable),
            Error::NoCodeYet => Self::new(Reason::NoCodeYet),
            Error::ReissueLimit { retry_after } => {
                Self::new(Reason::ReissueLimit).retry_after(retry_after)
            }
            Error::WaveNotFound => Self::new(Reason::WaveNotFound),
            Error::WaveExists => Self::new(Reason::WaveExists),
            Error::WaveMailed => Self::new(Reason::WaveMailed),
            Error::WaveEmpty => Self::new(Reason::WaveEmpty),
            Error::BatchIncomplete => Self::new(Reason::BatchIncomplete),
            Error::BatchNotExported => Self::new(Reason::BatchNotExported),
            Error::BatchNotFound => Self::new(Reason::BatchNotFound),
            Error::BatchSealed => Self::new(Reason::BatchSealed),
            Error::ExportNotApproved => Self::new(Reason::ExportNotApproved),
            Error::ApprovalNotFound => Self::new(Reason::ExportApprovalNotFound),
            Error::ApprovalExpired => Self::new(Reason::ExportApprovalExpired),
            Error::SecondPerson => Self::new(Reason::SecondPersonRequired),
            Error::CodeMistyped => Self::new(Reason::CodeMistyped),
            Error::CodeNotAccepted => Self::new(Reason::CodeNotAccepted),
            Error::CodeState => Self::new(Reason::CodeState),
            Error::CodeRedeemed => Self::new(Reason::CodeRedeemed),
            Error::CodeRevoked => Self::new(Reason::CodeRevoked),
            Error::EnrollmentNotFound => Self::new(Reason::EnrollmentNotFound),
            Error::EnrollmentState { state } => {
                Self::new(Reason::EnrollmentState).metadata("state", state.as_str())
            }
            Error::CoverageState { coverage } => {
                let id = coverage.map(|id| id.to_string());
                Self::new(Reason::CoverageState).precondition(
                    "STATE",
                    id.unwrap_or_else(|| "coverages".to_owned()),
                    "only ACTION_REQUIRED or REFUSED can be ordered again, and not for every reason nor by every role",
                )
            }
            Error::ConsenterNotVerified => Self::new(Reason::ConsenterNotVerified),
            Error::EnrollmentExpired => Self::new(Reason::EnrollmentExpired),
            Error::NotVerified => Self::new(Reason::NotVerified),
            Error::VerificationExpired => Self::new(Reason::VerificationExpired),
            Error::ConsentOutdated => Self::new(Reason::ConsentOutdated),
            Error::RestorationNotFound => Self::new(Reason::RestorationNotFound),
            Error::NotEligible => Self::new(Reason::NotEligible),
        }
    }
}
