//! An outcome on its way back to its enrollment.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId, HandoffId, OutcomeId};

/// A row of `outcome`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outcome")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OutcomeId,
    /// The enrollment.
    pub enrollment_id: EnrollmentId,
    /// The handoff.
    pub handoff_id: HandoffId,
    /// How it ended.
    pub result: String,
    /// What the partner said, by class.
    pub outcome_class: String,
    /// From when it holds.
    pub effective_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
