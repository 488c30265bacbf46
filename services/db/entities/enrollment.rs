//! One person's way to the bureau.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{
    CampaignId, EnrollmentId, HandoffId, IndividualId, PartnerId, VerificationId,
};

use super::outcome::OutcomeClass;

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
    /// The letter code it began with.
    pub code_mac: Option<Uuid>,
    /// The verification.
    pub verification_id: Option<VerificationId>,
    /// The handoff.
    pub handoff_id: Option<HandoffId>,
    /// Until when the letter proves the address; none without a letter code.
    pub proof_expires_at: Option<Timestamp>,
    /// The product.
    pub product_code: Option<String>,
    /// The partner.
    pub partner_id: Option<PartnerId>,
    /// The caller who began it.
    pub started_by: String,
    /// By which channel.
    pub channel: Channel,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was submitted.
    pub submitted_at: Option<Timestamp>,
    /// When the term began.
    pub activated_at: Option<Timestamp>,
    /// Civil date.
    pub term_ends_on: Option<String>,
    /// Why it is not active.
    pub outcome_class: Option<OutcomeClass>,
    /// When it came to its end.
    pub settled_at: Option<Timestamp>,
    /// The first instant at which it can no longer be completed.
    pub complete_by_at: Timestamp,
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
    /// Completed by the person, on its way to the partner.
    Submitted,
    /// Monitoring runs.
    Active,
    /// Somebody must act first.
    ActionRequired,
    /// The partner refused.
    Refused,
    /// The term is over.
    Ended,
    /// Canceled.
    Canceled,
}

impl State {
    /// The states of which an individual has at most one enrollment at a time.
    pub const LIVE: [Self; 4] = [
        Self::Started,
        Self::Submitted,
        Self::Active,
        Self::ActionRequired,
    ];

    /// The same as a condition, word for word that of the index, so that the planner of SQLite sees that it applies.
    pub const IS_LIVE: &str = "state IN ('STARTED', 'SUBMITTED', 'ACTIVE', 'ACTION_REQUIRED')";
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

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
