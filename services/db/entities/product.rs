//! A product of a partner that a population of a campaign gets.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, PartnerId};

use super::individual;

/// A row of `product`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "product")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// Who gets it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub population: Population,
    /// The partner.
    #[sea_orm(primary_key, auto_increment = false)]
    pub partner_id: PartnerId,
    /// The partner's name for the product.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// Calendar months from activation.
    pub term_months: i32,
    /// The partner's subscriber or contract code.
    pub contract_code: Option<String>,
    /// Since when it is not ordered any more.
    pub retired_at: Option<Timestamp>,
}

impl Model {
    /// Tells whether both promise the same term under the same contract.
    pub fn is_promised_as(&self, other: &Self) -> bool {
        (self.term_months, &self.contract_code) == (other.term_months, &other.contract_code)
    }
}

/// The populations that a product is for.
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
)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Population {
    /// Adults.
    Adult,
    /// Minors.
    Minor,
}

impl From<Population> for individual::Population {
    fn from(population: Population) -> Self {
        match population {
            Population::Adult => Self::Adult,
            Population::Minor => Self::Minor,
        }
    }
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
