//! A text that people of a campaign consent to, in one language.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::CampaignId;

/// A row of `consent_text`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consent_text")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// BCP 47 language.
    #[sea_orm(primary_key, auto_increment = false)]
    pub language: String,
    /// Version.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: String,
    /// The text.
    pub text: String,
    /// When another one took its place.
    pub replaced_at: Option<Timestamp>,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
