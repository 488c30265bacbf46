//! A covered entity's reference to a person.

use sea_orm::entity::prelude::*;

use crate::kernel::ids::{CampaignId, CoveredEntityId, ImportId, IndividualId};

/// A row of `individual_entity`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "individual_entity")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The covered entity.
    pub covered_entity_id: CoveredEntityId,
    /// Keyed hash of the entity's reference, with the entity in it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub ref_mac: Uuid,
    /// The person.
    pub individual_id: IndividualId,
    /// Keyed hash of the row that was read last.
    pub row_mac: Uuid,
    /// The import that wrote it.
    pub import_id: ImportId,
    /// Whether the covered entity took the person off its list.
    pub withdrawn: bool,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
