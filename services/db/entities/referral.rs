//! A verification that a person must review.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, ReferralId, VerificationId};

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
    /// `OPEN`, `APPROVED` or `DENIED`.
    pub state: String,
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
    /// Why, in words without personal data.
    pub reason: String,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
