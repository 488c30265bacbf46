//! A referral as its reviewer sees it.

use crate::db::entities::evidence::Evidence;
use crate::db::entities::referral::{self, DecisionReason, Reason, State};
use crate::db::entities::verification;
use crate::identity::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{IndividualId, ReferralId, VerificationId};

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
    /// Why it was referred.
    pub reason: Reason,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// By when it must be decided.
    pub due_at: Timestamp,
    /// How it was decided, if it was.
    pub decision: Option<Decision>,
    /// Which documents the reviewer saw.
    pub evidence: Vec<Evidence>,
}

/// How a case was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Why so.
    pub reason: DecisionReason,
    /// By whom.
    pub decider: String,
    /// When.
    pub at: Timestamp,
}

impl Case {
    /// Reads a referral and its verification.
    pub fn of((row, of): &(referral::Model, Option<verification::Model>)) -> Result<Self, Error> {
        let decided = row.decision_reason.zip(row.decided_at);
        let decision = decided.zip(row.decided_by.clone());
        Ok(Self {
            id: row.id,
            verification: row.verification_id,
            individual: of.as_ref().and_then(|of| of.individual_id),
            state: row.state,
            reason: row.reason,
            opened_at: row.opened_at,
            due_at: row.due_at,
            decision: decision.map(|((reason, at), decider)| Decision {
                reason,
                decider,
                at,
            }),
            evidence: row.evidence()?,
        })
    }
}
