//! What can go wrong, as facts of the field, and what a caller is told.

use std::time::Duration;

use crate::db;
use crate::db::entities::ClosedSet;
use crate::db::entities::enrollment::State;
use crate::kernel::combine::Rejected;
use crate::kernel::fault::{Fault, Reason};

/// Why a command did not happen. It holds no data of a person and no code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Storage(#[from] db::Error),
    /// The request breaks rules; the fault says which, all of them.
    #[error("{0}")]
    Request(Fault),
    /// A code key is not in the keyring, or does not open what it sealed.
    #[error("a code key is missing")]
    Key,
    /// The commit that should have held this did not take it.
    #[error(transparent)]
    Combined(#[from] Rejected),
    /// The request id was used for something else.
    #[error("the request id was used before")]
    RequestIdReused,
    /// A limit was reached.
    #[error("throttled")]
    Throttled {
        /// When it is worth trying again.
        retry_after: Duration,
    },
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
    /// There is no such enrollment.
    #[error("no such enrollment")]
    EnrollmentNotFound,
    /// The enrollment is beyond this.
    #[error("the enrollment is {}", .state.as_str())]
    EnrollmentState {
        /// Where it stands.
        state: State,
    },
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
    /// There is no product for the individual.
    #[error("no product")]
    NotEligible,
}

impl db::Storage for Error {
    fn storage(&self) -> Option<&db::Error> {
        match self {
            Self::Storage(error) => Some(error),
            _ => None,
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Request(fault)
    }
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Storage(error.into())
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Storage(error) => storage(&error),
            Error::Request(fault) => fault,
            Error::Key => Self::new(Reason::KeyUnavailable),
            Error::Combined(rejected) => rejected.into(),
            Error::RequestIdReused => Self::new(Reason::RequestIdReused),
            Error::Throttled { retry_after } => {
                Self::new(Reason::Throttled).retry_after(retry_after)
            }
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
            Error::EnrollmentNotFound => Self::new(Reason::EnrollmentNotFound),
            Error::EnrollmentState { state } => {
                Self::new(Reason::EnrollmentState).metadata("state", state.as_str())
            }
            Error::EnrollmentExpired => Self::new(Reason::EnrollmentExpired),
            Error::NotVerified => Self::new(Reason::NotVerified),
            Error::VerificationExpired => Self::new(Reason::VerificationExpired),
            Error::ConsentOutdated => Self::new(Reason::ConsentOutdated),
            Error::NotEligible => Self::new(Reason::NotEligible),
        }
    }
}

fn storage(error: &db::Error) -> Fault {
    const SOON: Duration = Duration::from_secs(1);
    match error {
        db::Error::Unavailable(_) | db::Error::UnknownCommit => {
            Fault::new(Reason::StorageUnavailable).retry_after(SOON)
        }
        db::Error::Contended(_) => Fault::new(Reason::StorageContended).retry_after(SOON),
        db::Error::Corrupt { .. } => Fault::new(Reason::DataCorrupt),
        db::Error::Unique { .. }
        | db::Error::Denied(_)
        | db::Error::Schema { .. }
        | db::Error::Connect { .. } => Fault::new(Reason::Internal),
    }
}
