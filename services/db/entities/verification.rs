//! One attempt to verify who somebody is.

use sea_orm::entity::prelude::*;

use crate::db::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId, IndividualId, VerificationId};

use super::evidence::{self, Evidence};
use super::representative::{Authority, Relationship};

/// A row of `verification`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "verification")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: VerificationId,
    /// The person.
    pub individual_id: Option<IndividualId>,
    /// The enrollment.
    pub enrollment_id: Option<EnrollmentId>,
    /// How the person was found.
    pub path: Path,
    /// Where it stands.
    pub state: State,
    /// The sum of weights in hundredths of a bit.
    pub score_centibits: i32,
    /// JSON: field, level and weight, never a value.
    pub waterfall: String,
    /// The caller.
    pub requested_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// Until when it holds.
    pub expires_at: Timestamp,
    /// JSON: what it rests on. See [`Model::evidence`].
    pub evidence: String,
    /// What somebody who acts for the person is to them.
    pub representative_relationship: Option<Relationship>,
    /// What gives that one the right to act.
    pub representative_authority: Option<Authority>,
    /// JSON: which evidence of it was seen. See [`Model::representative_evidence`].
    pub representative_evidence: String,
    /// The representative's own name, sealed under the person's key; absent where no person was found.
    pub representative_name: Option<Vec<u8>>,
    /// The notice of proofing: none where the verification is not VERIFIED.
    pub notice: Option<Notice>,
    /// Keyed hash of the token in the notice.
    pub notice_mac: Option<Uuid>,
    /// When the notice was made.
    pub noticed_at: Option<Timestamp>,
    /// How often a carrier could not take the notice for now.
    pub notice_attempts: i32,
    /// When it is tried again; none where that is at once.
    pub notice_retry_at: Option<Timestamp>,
    /// When a carrier refused it for good.
    pub notice_refused_at: Option<Timestamp>,
    /// When the person repudiated it.
    pub repudiated_at: Option<Timestamp>,
    /// Through whom they did.
    pub repudiated_by: Option<String>,
    /// The own verification of a parent or guardian who acts for the person: it ends with that one.
    pub guardian_verification_id: Option<VerificationId>,
    /// BCP 47 language that whoever asked wants to be spoken to, where they said so.
    pub language: Option<String>,
    /// When it ended because the person came of age, for whom somebody acted.
    pub lapsed_at: Option<Timestamp>,
}

impl Model {
    /// Gives what the verification rests on.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where a word is no kind of evidence.
    pub fn evidence(&self) -> Result<Vec<Evidence>, Error> {
        evidence::read("verification.evidence", &self.evidence)
    }

    /// Gives which evidence of the representative's authority was seen.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where a word is no kind of evidence.
    pub fn representative_evidence(&self) -> Result<Vec<Evidence>, Error> {
        let json = &self.representative_evidence;
        evidence::read("verification.representative_evidence", json)
    }
}

/// How the person was found on the roster.
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
pub enum Path {
    /// By the enrollment that a letter code began.
    Letter,
    /// By what was claimed.
    Lookup,
}

/// Where a verification stands.
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
    /// A one-time code to a contact on record is needed.
    ConfirmationRequired,
    /// The person is who they say.
    Verified,
    /// A person reviews it.
    Referred,
    /// Refused, or repudiated by the person.
    Refused,
}

/// What became of a notice of proofing.
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
pub enum Notice {
    /// It is sent once an enrollment was completed.
    Due,
    /// It was sent.
    Sent,
    /// There is nowhere to send it, or the carrier refused it for good (`notice_refused_at`).
    Nowhere,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
