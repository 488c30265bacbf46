//! What can go wrong, as facts of the field, and what a caller is told.

use std::time::Duration;

use crate::db;
use crate::kernel::combine::Rejected;
use crate::kernel::fault::{Fault, Reason};

/// Why a command did not happen. It holds nothing personal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Storage(#[from] db::Error),
    /// The request breaks rules; the fault says which, all of them.
    #[error("{0}")]
    Request(Fault),
    /// A key is not in the keyring, or does not open what it sealed.
    #[error("a key is missing")]
    Key,
    /// The commit that should have held this did not take it.
    #[error(transparent)]
    Combined(#[from] Rejected),
    /// A message to a person could not be handed to its carrier.
    #[error("the message could not be sent")]
    Send,
    /// The process is stopping.
    #[error("shutting down")]
    ShuttingDown,
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
    /// The campaign is closed.
    #[error("the campaign is closed")]
    CampaignClosed,
    /// The campaign's data key was destroyed.
    #[error("the campaign is erased")]
    CampaignErased,
    /// There is no such individual.
    #[error("no such individual")]
    IndividualNotFound,
    /// The individual's salt was deleted.
    #[error("the individual is erased")]
    IndividualErased,
    /// The one refusal for every cause that could tell a guesser something.
    #[error("refused")]
    Refused,
    /// There is no such verification.
    #[error("no such verification")]
    VerificationNotFound,
    /// The verification is beyond this.
    #[error("the verification is {state}")]
    VerificationState {
        /// Where it stands.
        state: &'static str,
    },
    /// The verification is too old.
    #[error("the verification is too old")]
    VerificationExpired,
    /// The roster has no contact for the channel.
    #[error("no contact on record")]
    NoContactOnRecord,
    /// As many codes were sent as one verification may have.
    #[error("no further code")]
    SendsSpent,
    /// The one refusal of a confirmation code.
    #[error("the confirmation code is not accepted")]
    ConfirmationNotAccepted,
    /// There is no such referral.
    #[error("no such referral")]
    ReferralNotFound,
    /// The referral was decided.
    #[error("the referral was decided")]
    ReferralDecided,
    /// Who asked may not decide.
    #[error("a second person is required")]
    SecondPersonRequired,
}

impl Error {
    /// Names a field of the request and the rule it breaks.
    pub fn field(path: impl Into<std::borrow::Cow<'static, str>>, rule: &'static str) -> Self {
        Self::Request(Fault::new(Reason::InvalidRequest).field(path, rule))
    }
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
            Error::Send => Self::new(Reason::SenderUnavailable).retry_after(SOON),
            Error::ShuttingDown => Self::new(Reason::ShuttingDown),
            Error::RequestIdReused => Self::new(Reason::RequestIdReused),
            Error::Throttled { retry_after } => {
                Self::new(Reason::Throttled).retry_after(retry_after)
            }
            Error::CampaignNotFound => Self::new(Reason::CampaignNotFound),
            Error::CampaignClosed => Self::new(Reason::CampaignClosed),
            Error::CampaignErased => Self::new(Reason::CampaignErased),
            Error::IndividualNotFound => Self::new(Reason::IndividualNotFound),
            Error::IndividualErased => Self::new(Reason::IndividualErased),
            Error::Refused => Self::new(Reason::VerificationRefused),
            Error::VerificationNotFound => Self::new(Reason::VerificationNotFound),
            Error::VerificationState { state } => {
                Self::new(Reason::VerificationState).metadata("state", state)
            }
            Error::VerificationExpired => Self::new(Reason::VerificationExpired),
            Error::NoContactOnRecord => Self::new(Reason::NoContactOnRecord),
            Error::SendsSpent => {
                Self::new(Reason::VerificationState).metadata("state", "NO_FURTHER_CODE")
            }
            Error::ConfirmationNotAccepted => Self::new(Reason::ConfirmationNotAccepted),
            Error::ReferralNotFound => Self::new(Reason::ReferralNotFound),
            Error::ReferralDecided => Self::new(Reason::ReferralDecided),
            Error::SecondPersonRequired => Self::new(Reason::SecondPersonRequired),
        }
    }
}

const SOON: Duration = Duration::from_secs(1);

fn storage(error: &db::Error) -> Fault {
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

/// Says that a sealed person does not open: another key, or changed bytes.
pub fn unreadable(_: crate::kernel::crypto::OpenError) -> Error {
    db::Error::corrupt("individual.sealed").into()
}
