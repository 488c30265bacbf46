//! A verification that a person must review.

use sea_orm::entity::prelude::*;
use uuid::Uuid;

use crate::db::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, ReferralId, VerificationId};

use super::evidence::{self, Evidence};

/// A row of `referral`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "referral")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReferralId,
    /// The verification.
    pub verification_id: VerificationId,
    /// Where it stands.
    pub state: State,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it must be decided.
    pub due_at: Timestamp,
    /// The caller who caused it.
    pub opened_by: String,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// Why it was referred.
    pub reason: Reason,
    /// Why it was decided so.
    pub decision_reason: Option<DecisionReason>,
    /// JSON: which documents the reviewers saw. See [`Model::evidence`].
    pub evidence: String,
    /// Who approved first, where two people must.
    pub endorsed_by: Option<String>,
    /// When they did.
    pub endorsed_at: Option<Timestamp>,
    /// Why they did.
    pub endorsement_reason: Option<DecisionReason>,
    /// Keyed hash of the network from which somebody claimed on a page.
    pub network_mac: Option<Uuid>,
}

impl Model {
    /// Gives which documents the reviewers saw.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where a word is no kind of evidence.
    pub fn evidence(&self) -> Result<Vec<Evidence>, Error> {
        evidence::read("referral.evidence", &self.evidence)
    }
}

/// Where a referral stands.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    strum::IntoStaticStr,
)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// Waits; nobody has approved it yet.
    Open,
    /// One person has approved it, and another one must.
    Endorsed,
    /// Approved: the verification is VERIFIED.
    Approved,
    /// Denied: the verification is REFUSED.
    Denied,
}

/// Why a verification is referred to a person.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    strum::IntoStaticStr,
)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    /// The comparison does not decide it: the score lies between the thresholds, two people fit, something contradicts what is
    /// right, there was nothing to compare, or the letter was tried too often.
    ScoreBetweenThresholds,
    /// A confirmation is needed and no contact is on record.
    NoContactOnRecord,
    /// A minor: the guardian is verified by a person.
    Minor,
}

/// Why a reviewer decided so.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    strum::IntoStaticStr,
)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum DecisionReason {
    /// Documents show that the person is who they say.
    DocumentsSeen,
    /// The record was wrong and is corrected.
    RecordCorrected,
    /// It is somebody else.
    NotThePerson,
    /// What was shown is not enough.
    NotEnoughEvidence,
    /// Another reason, which the reviewer's own file has.
    Other,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
