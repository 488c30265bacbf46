//! One person's way to the bureau.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{
    CampaignId, EnrollmentId, HandoffId, IndividualId, PartnerId, VerificationId,
};

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
    pub state: String,
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
    pub channel: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was submitted.
    pub submitted_at: Option<Timestamp>,
    /// When the term began.
    pub activated_at: Option<Timestamp>,
    /// Civil date.
    pub term_ends_on: Option<String>,
    /// What the partner said, by class.
    pub outcome_class: Option<String>,
    /// When it came to its end.
    pub settled_at: Option<Timestamp>,
    /// The first instant at which it can no longer be completed.
    pub complete_by_at: Timestamp,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
