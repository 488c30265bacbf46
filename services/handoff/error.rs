//! What can go wrong in this process, as facts, and the one map from facts to what callers see.

use std::time::Duration;

use crate::db::entities::ClosedSet as _;
use crate::db::entities::handoff::State;
use crate::db::{self, Storage};
use crate::kernel::fault::{Fault, Reason};
use crate::kernel::ids::{CampaignId, HandoffId, PartnerId};
use crate::kernel::keyring::KeyError;

/// A refusal or a failure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Storage(#[from] db::Error),
    /// A key that stored data needs is missing.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A field breaks a rule.
    #[error(transparent)]
    Invalid(#[from] Fault),
    /// The request id was used before with other content.
    #[error("the request id was used before with other content")]
    RequestIdReused,
    /// There is no such partner, or the caller's certificate names none.
    #[error("there is no such partner")]
    PartnerNotFound,
    /// The name belongs to a partner already.
    #[error("the partner's name is taken")]
    PartnerExists,
    /// A partner that is called cannot call.
    #[error("the partner is pushed to and does not pull")]
    NotPulling {
        /// The partner.
        partner: PartnerId,
    },
    /// There is no such campaign.
    #[error("there is no such campaign")]
    CampaignNotFound,
    /// The campaign has no key to seal with yet.
    #[error("the campaign has no key yet")]
    CampaignWithoutKey {
        /// The campaign.
        campaign: CampaignId,
    },
    /// The campaign's key was destroyed.
    #[error("the campaign's key was destroyed")]
    CampaignErased,
    /// There is no such handoff, or it is another partner's.
    #[error("there is no such handoff")]
    HandoffNotFound,
    /// Only a DEAD handoff can be replayed.
    #[error("the handoff is {} and not DEAD", .state.as_str())]
    NotDead {
        /// The handoff.
        handoff: HandoffId,
        /// Its state.
        state: State,
    },
    /// The enrollment is being withdrawn, so it is not handed over again.
    #[error("the handoff's enrollment is being withdrawn")]
    BeingCanceled {
        /// The handoff.
        handoff: HandoffId,
    },
}

impl Storage for Error {
    fn storage(&self) -> Option<&db::Error> {
        match self {
            Self::Storage(error) => Some(error),
            _ => None,
        }
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
            Error::Storage(error) => storage_fault(&error),
            Error::Key(_) => Self::new(Reason::KeyUnavailable),
            Error::Invalid(fault) => fault,
            Error::RequestIdReused => Self::new(Reason::RequestIdReused),
            Error::PartnerNotFound => Self::new(Reason::PartnerNotFound),
            Error::PartnerExists => Self::new(Reason::PartnerExists),
            Error::NotPulling { partner } => Self::new(Reason::PartnerState).precondition(
                "MODE",
                partner.to_string(),
                "only a partner in mode PULL can pull; Redress calls the others",
            ),
            Error::CampaignNotFound => Self::new(Reason::CampaignNotFound),
            Error::CampaignWithoutKey { campaign } => Self::new(Reason::CampaignWithoutKey)
                .precondition(
                    "KEY",
                    campaign.to_string(),
                    "activation codes are sealed with the campaign's key, which the import of its roster makes",
                ),
            Error::CampaignErased => Self::new(Reason::CampaignErased),
            Error::HandoffNotFound => Self::new(Reason::HandoffNotFound),
            Error::NotDead { handoff, state } => Self::new(Reason::HandoffState)
                .metadata("state", state.as_str())
                .precondition(
                    "STATE",
                    handoff.to_string(),
                    "only a DEAD handoff can be replayed",
                ),
            Error::BeingCanceled { handoff } => Self::new(Reason::HandoffState).precondition(
                "STATE",
                handoff.to_string(),
                "its enrollment is being withdrawn",
            ),
        }
    }
}

fn storage_fault(error: &db::Error) -> Fault {
    match error {
        db::Error::Unavailable(_) | db::Error::Connect { .. } | db::Error::Schema { .. } => {
            Fault::new(Reason::StorageUnavailable).retry_after(Duration::from_secs(1))
        }
        db::Error::Contended(_) | db::Error::UnknownCommit => {
            Fault::new(Reason::StorageContended).retry_after(Duration::from_millis(200))
        }
        db::Error::Corrupt { .. } => Fault::new(Reason::DataCorrupt),
        db::Error::Unique { .. } | db::Error::Denied(_) => Fault::new(Reason::Internal),
    }
}
