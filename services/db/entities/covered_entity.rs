//! An organisation whose people a campaign covers.

use sea_orm::entity::prelude::*;

use crate::kernel::ids::{CampaignId, CoveredEntityId};

/// A row of `covered_entity`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "covered_entity")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CoveredEntityId,
    /// The short key that roster files name it by.
    pub entity_key: String,
    /// The name people read.
    pub name: String,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
