//! The product and the partner that a population of a campaign gets.

use sea_orm::entity::prelude::*;

use crate::kernel::ids::{CampaignId, PartnerId};

/// A row of `product`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "product")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// `ADULT` or `MINOR`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub population: String,
    /// The partner's name for the product.
    pub code: String,
    /// The partner.
    pub partner_id: PartnerId,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
