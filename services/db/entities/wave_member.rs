//! Who is on the list of a wave.

use sea_orm::entity::prelude::*;

use crate::kernel::ids::{CampaignId, IndividualId, WaveId};

/// A row of `wave_member`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wave_member")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The wave.
    #[sea_orm(primary_key, auto_increment = false)]
    pub wave_id: WaveId,
    /// The person.
    #[sea_orm(primary_key, auto_increment = false)]
    pub individual_id: IndividualId,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
