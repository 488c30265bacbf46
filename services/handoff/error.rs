//! What can go wrong in this process, as facts, and the one map from facts to what callers see.

use crate::db;
use crate::db::entities::ClosedSet as _;
use crate::db::entities::handoff::State;
use crate::db::entities::reconciliation_difference;
use crate::kernel::fault::{Fault, Reason};
use crate::kernel::ids::{
    CampaignId, DifferenceId, HandoffId, InvoiceCheckId, PartnerId, ReconciliationId,
};
use crate::kernel::keyring::KeyError;
use crate::process::{self, Failure};

/// A refusal or a failure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What can go wrong in every process.
    #[error(transparent)]
    Common(#[from] process::Error),
    /// There is no such partner, or the caller's certificate names none.
    #[error("there is no such partner")]
    PartnerNotFound,
    /// The name belongs to a partner already.
    #[error("the partner's name is taken")]
    PartnerExists,
    /// Only a partner in mode PULL pulls.
    #[error("the partner does not pull")]
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
    /// A list of a later time was compared.
    #[error("a later list was compared already")]
    ListOutdated {
        /// The newest list.
        newest: ReconciliationId,
    },
    /// There is no such difference.
    #[error("there is no such difference")]
    DifferenceNotFound,
    /// The difference is over already.
    #[error("the difference is {}", .state.as_str())]
    DifferenceOver {
        /// The difference.
        difference: DifferenceId,
        /// Where it stands.
        state: reconciliation_difference::State,
    },
    /// No manifest was kept of the day.
    #[error("no manifest was kept of this day")]
    ManifestNotFound,
    /// There is no such check of an invoice.
    #[error("there is no such check of an invoice")]
    InvoiceCheckNotFound,
    /// An invoice of this number was checked with other content.
    #[error("an invoice of this number was checked with other content")]
    InvoiceExists {
        /// Its check.
        check: InvoiceCheckId,
    },
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

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Common(error) => error.into(),
            Error::PartnerNotFound => Self::new(Reason::PartnerNotFound),
            Error::PartnerExists => Self::new(Reason::PartnerExists),
            Error::NotPulling { partner } => Self::new(Reason::PartnerState).precondition(
                "MODE",
                partner.to_string(),
                "only a partner in mode PULL can pull",
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
                    "only a DEAD handoff can be replayed, and one that is ACCEPTED or ACTIVE where the partner has lost it (partner_forgot)",
                ),
            Error::BeingCanceled { handoff } => Self::new(Reason::HandoffState).precondition(
                "STATE",
                handoff.to_string(),
                "its enrollment is being withdrawn",
            ),
            Error::ListOutdated { newest } => Self::new(Reason::ReconciliationState).precondition(
                "AS_OF",
                newest.to_string(),
                "a list of a later time was compared already; nothing was compared: send the newest list",
            ),
            Error::DifferenceNotFound => Self::new(Reason::DifferenceNotFound),
            Error::DifferenceOver { difference, state } => Self::new(Reason::ReconciliationState)
                .metadata("state", state.as_str())
                .precondition(
                    "STATE",
                    difference.to_string(),
                    "only what is PENDING, OPEN or REPAIRED can be closed",
                ),
            Error::ManifestNotFound => Self::new(Reason::ManifestNotFound),
            Error::InvoiceCheckNotFound => Self::new(Reason::InvoiceCheckNotFound),
            Error::InvoiceExists { check } => Self::new(Reason::InvoiceExists).precondition(
                "INVOICE_NUMBER",
                check.to_string(),
                "its lines, its period or its currency were others, and nothing was checked: where the partner has corrected the invoice, check it with replace; where it is another one, it needs a number of its own",
            ),
        }
    }
}
