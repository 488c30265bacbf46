//! What can go wrong, as facts of the field, and what a caller is told.

use std::time::Duration;

use crate::db;
use crate::kernel::fault::{Fault, Reason};
use crate::kernel::keyring::KeyError;
use crate::process::throttle::Refusal;
use crate::process::{self, Failure};

/// Why a command did not happen. It holds nothing personal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// What can go wrong in every process.
    #[error(transparent)]
    Common(#[from] process::Error),
    /// A message to a person could not be handed to its carrier.
    #[error("the message could not be sent")]
    Send,
    /// The carrier refuses messages to this contact for good.
    #[error("the contact takes no messages")]
    ContactRefused,
    /// There is no such campaign.
    #[error("no such campaign")]
    CampaignNotFound,
    /// The campaign is closed.
    #[error("the campaign is closed")]
    CampaignClosed,
    /// The campaign's data key was destroyed.
    #[error("the campaign is erased")]
    CampaignErased,
    /// There is no such import.
    #[error("no such import")]
    ImportNotFound,
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
    /// The roster has no such contact.
    #[error("no contact on record")]
    NoContactOnRecord,
    /// As many codes were sent as one verification may have.
    #[error("no further code")]
    SendsSpent,
    /// The one refusal of a confirmation code.
    #[error("the confirmation code is not accepted")]
    ConfirmationNotAccepted,
    /// The one refusal of a token of a notice.
    #[error("the token is not accepted")]
    TokenNotAccepted,
    /// The verification is not of this person, or it is not VERIFIED.
    #[error("not verified for this enrollment")]
    NotVerified,
    /// A new contact needs a stronger verification.
    #[error("a confirmation code or a review is required")]
    StepUpRequired,
    /// The enrollment is beyond this.
    #[error("the enrollment is {state}")]
    EnrollmentState {
        /// Where it stands.
        state: &'static str,
    },
    /// There is no such review.
    #[error("review not found")]
    ReviewNotFound,
    /// The review cannot be decided so.
    #[error("the review is {state}")]
    ReviewState {
        /// Where it stands, or what stands in the way.
        state: &'static str,
    },
    /// Two people who are enrolled are not merged.
    #[error("both people are enrolled")]
    BothEnrolled,
    /// There is no such referral.
    #[error("no such referral")]
    ReferralNotFound,
    /// The referral was decided.
    #[error("the referral was decided")]
    ReferralDecided,
    /// Another person must decide; it says why, and who may.
    #[error("a second person is required: {0}")]
    SecondPersonRequired(&'static str),
}

impl Error {
    /// Names a field of the request and the rule that it breaks.
    pub fn field(path: impl Into<std::borrow::Cow<'static, str>>, rule: &'static str) -> Self {
        process::Error::field(path, rule).into()
    }
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

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        process::Error::from(refusal).into()
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Common(error) => error.into(),
            Error::Send => Self::new(Reason::SenderUnavailable).retry_after(SOON),
            Error::ContactRefused => {
                Self::new(Reason::VerificationState).metadata("state", "CONTACT_REFUSED")
            }
            Error::CampaignNotFound => Self::new(Reason::CampaignNotFound),
            Error::CampaignClosed => Self::new(Reason::CampaignClosed),
            Error::CampaignErased => Self::new(Reason::CampaignErased),
            Error::ImportNotFound => Self::new(Reason::ImportNotFound),
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
            Error::TokenNotAccepted => Self::new(Reason::TokenNotAccepted),
            Error::NotVerified => Self::new(Reason::NotVerified),
            Error::StepUpRequired => Self::new(Reason::StepUpRequired),
            Error::EnrollmentState { state } => {
                Self::new(Reason::EnrollmentState).metadata("state", state)
            }
            Error::ReviewNotFound => Self::new(Reason::ReviewNotFound),
            Error::ReviewState { state } => Self::new(Reason::ReviewState).metadata("state", state),
            Error::BothEnrolled => Self::new(Reason::BothEnrolled),
            Error::ReferralNotFound => Self::new(Reason::ReferralNotFound),
            Error::ReferralDecided => Self::new(Reason::ReferralDecided),
            Error::SecondPersonRequired(way_on) => Self::new(Reason::SecondPersonRequired)
                .precondition("SECOND_PERSON", "referral", way_on),
        }
    }
}

const SOON: Duration = Duration::from_secs(1);

/// Says that a sealed person does not open: another key, or changed bytes.
pub fn unreadable(_: crate::kernel::crypto::OpenError) -> Error {
    db::Error::corrupt("individual.sealed").into()
}
