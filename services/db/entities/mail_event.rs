//! Something that happened to a person's letter.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, IndividualId};

/// A row of `mail_event`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mail_event")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The person.
    #[sea_orm(primary_key, auto_increment = false)]
    pub individual_id: IndividualId,
    /// The civil date, `YYYY-MM-DD`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub happened_on: String,
    /// `MAILED`, `RETURNED`, `ADDRESS_CORRECTED` or `REMAILED`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// Why a letter came back.
    pub return_reason: Option<String>,
    /// Where a corrected address comes from.
    pub address_source: Option<String>,
    /// Keyed hash of a corrected address.
    pub address_mac: Option<Uuid>,
    /// Who said so.
    pub recorded_by: String,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
