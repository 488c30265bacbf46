//! One attempt to hand something to a partner.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, HandoffId};

/// A row of `handoff_attempt`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "handoff_attempt")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The handoff.
    #[sea_orm(primary_key, auto_increment = false)]
    pub handoff_id: HandoffId,
    /// Which attempt, counted from one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub attempt: i32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub result: String,
    /// Words from a closed vocabulary.
    pub detail: String,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
