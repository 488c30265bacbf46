//! An activation code that a partner issued.

use sea_orm::entity::prelude::*;
use strum::IntoStaticStr;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, HandoffId, PartnerId};

/// Whether an activation code is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, IntoStaticStr)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// No handoff has it.
    Available,
    /// A handoff has it, for good.
    Assigned,
}

/// A row of `activation_code`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "activation_code")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The partner.
    #[sea_orm(primary_key, auto_increment = false)]
    pub partner_id: PartnerId,
    /// Keyed hash of the code.
    #[sea_orm(primary_key, auto_increment = false)]
    pub mac: Uuid,
    /// The code, encrypted.
    pub sealed: Vec<u8>,
    /// Whether it is free.
    pub state: State,
    /// The handoff that has it.
    pub handoff_id: Option<HandoffId>,
    /// When it was imported.
    pub imported_at: Timestamp,
    /// When the handoff got it.
    pub assigned_at: Option<Timestamp>,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
