//! One person's way to the bureau.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId, IndividualId, VerificationId};

/// A row of `enrollment`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "enrollment")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EnrollmentId,
    /// The person.
    pub individual_id: IndividualId,
    /// Where it stands.
    pub state: State,
    /// BCP 47 language in which the person is spoken to.
    pub language: String,
    /// The letter code it began with.
    pub code_mac: Option<Uuid>,
    /// The verification.
    pub verification_id: Option<VerificationId>,
    /// Until when the letter proves the address; none without a letter code.
    pub proof_expires_at: Option<Timestamp>,
    /// The caller who began it.
    pub started_by: String,
    /// The other caller that last went on with it, showing the code or a verification.
    pub continued_by: Option<String>,
    /// By which channel.
    pub channel: Channel,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was submitted.
    pub submitted_at: Option<Timestamp>,
    /// When it came to its end.
    pub settled_at: Option<Timestamp>,
    /// The first instant at which it can no longer be completed.
    pub complete_by_at: Timestamp,
    /// Why it shall be canceled, or was.
    pub cancel_reason: Option<CancelReason>,
    /// Who asked.
    pub canceled_by: Option<String>,
    /// When.
    pub cancel_requested_at: Option<Timestamp>,
}

/// Where an enrollment stands. One that is started is shown as VERIFIED while a verification of it is good.
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
    serde::Serialize,
)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// Begun; identity not yet verified.
    Started,
    /// Completed by the person, on its way to the partners.
    Submitted,
    /// Every coverage runs, or has run to its end.
    Active,
    /// Some coverages run, others do not, or not yet.
    PartlyActive,
    /// Somebody must act first.
    ActionRequired,
    /// The partners refused.
    Refused,
    /// The partners have stopped it for a while.
    Suspended,
    /// The terms are over.
    Ended,
    /// It shall be canceled; a partner has not confirmed yet.
    CancelPending,
    /// Canceled.
    Canceled,
}

impl State {
    /// The states of which an individual has at most one enrollment at a time.
    pub const LIVE: [Self; 7] = [
        Self::Started,
        Self::Submitted,
        Self::Active,
        Self::PartlyActive,
        Self::ActionRequired,
        Self::Suspended,
        Self::CancelPending,
    ];

    /// The same as a condition, word for word that of the index, so that the planner of SQLite sees that it applies.
    pub const IS_LIVE: &str = "state IN ('STARTED', 'SUBMITTED', 'ACTIVE', 'PARTLY_ACTIVE', 'ACTION_REQUIRED', \
        'SUSPENDED', 'CANCEL_PENDING')";
}

/// How a person came.
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
    serde::Serialize,
)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Channel {
    /// By a web page.
    Web,
    /// By telephone.
    Phone,
    /// By a partner.
    Partner,
}

/// Why an enrollment is canceled.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    EnumIter,
    DeriveActiveEnum,
    strum::IntoStaticStr,
    serde::Serialize,
)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CancelReason {
    /// The person does not want it any more.
    PersonAsked,
    /// The wrong person was enrolled.
    WrongPerson,
    /// Somebody else used the letter.
    Fraud,
    /// The person has it twice.
    Duplicate,
    /// The partner ended it without being asked.
    Partner,
    /// Something else.
    Other,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
