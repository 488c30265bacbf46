//! The activation codes of one partner for one campaign.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, PartnerId};

/// A row of `activation_pool`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "activation_pool")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The partner.
    #[sea_orm(primary_key, auto_increment = false)]
    pub partner_id: PartnerId,
    /// With fewer codes left the operator is warned.
    pub low_water: i32,
    /// When the operator was told that few are left.
    pub low_since: Option<Timestamp>,
    /// When the operator was told that none is left and enrollments wait.
    pub empty_since: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
