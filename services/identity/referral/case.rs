//! A referral as its reviewer sees it.

use crate::db::entities::evidence::Evidence;
use crate::db::entities::referral::{self, DecisionReason, Reason, State};
use crate::db::entities::representative::Relationship;
use crate::db::entities::verification;
use crate::identity::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{IndividualId, ReferralId, VerificationId};

use super::state;

/// A case as its reviewer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Id.
    pub id: ReferralId,
    /// The verification.
    pub verification: VerificationId,
    /// The individual on the roster.
    pub individual: Option<IndividualId>,
    /// Where it stands.
    pub state: State,
    /// How many more people must approve it.
    pub approvals_left: u8,
    /// Why it was referred.
    pub reason: Reason,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// By when it must be decided.
    pub due_at: Timestamp,
    /// The first of two approvals, if there was one.
    pub endorsement: Option<Decision>,
    /// How it was decided, if it was.
    pub decision: Option<Decision>,
    /// Which documents the reviewers saw.
    pub evidence: Vec<Evidence>,
    /// What was known of a parent or guardian who makes the claim.
    pub guardian: Option<Guardian>,
}

/// What was known of a parent or guardian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guardian {
    /// Whether they were verified on an entry of their own.
    pub is_verified: bool,
    /// Whether that entry has the child's address.
    pub shares_address: bool,
}

impl Guardian {
    fn of(row: &verification::Model) -> Result<Option<Self>, Error> {
        let acts = row
            .representative_relationship
            .is_some_and(Relationship::is_of_a_child);
        let evidence = row.evidence()?;
        Ok(acts.then(|| Self {
            is_verified: row.guardian_verification_id.is_some(),
            shares_address: evidence.contains(&Evidence::GuardianVerified),
        }))
    }
}

/// What somebody decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Why so.
    pub reason: DecisionReason,
    /// By whom.
    pub decider: String,
    /// When.
    pub at: Timestamp,
}

impl Decision {
    fn of(
        reason: Option<DecisionReason>,
        decider: Option<&String>,
        at: Option<Timestamp>,
    ) -> Option<Self> {
        Some(Self {
            reason: reason?,
            decider: decider?.clone(),
            at: at?,
        })
    }
}

impl Case {
    /// Reads a referral and its verification.
    pub fn of((row, of): &(referral::Model, Option<verification::Model>)) -> Result<Self, Error> {
        Ok(Self {
            id: row.id,
            verification: row.verification_id,
            individual: of.as_ref().and_then(|of| of.individual_id),
            state: row.state,
            approvals_left: of_row(row).approvals_left(),
            reason: row.reason,
            opened_at: row.opened_at,
            due_at: row.due_at,
            endorsement: Decision::of(
                row.endorsement_reason,
                row.endorsed_by.as_ref(),
                row.endorsed_at,
            ),
            decision: Decision::of(row.decision_reason, row.decided_by.as_ref(), row.decided_at),
            evidence: row.evidence()?,
            guardian: of.as_ref().map(Guardian::of).transpose()?.flatten(),
        })
    }
}

/// Reads what matters for who may decide.
pub fn of_row(row: &referral::Model) -> state::Referral<'_> {
    state::Referral {
        state: row.state,
        opened_by: &row.opened_by,
        endorsed_by: row.endorsed_by.as_deref(),
    }
}
