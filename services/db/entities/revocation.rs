//! One call that took codes back, however often it was repeated.

use sea_orm::entity::prelude::*;
use strum::IntoStaticStr;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, RevocationId};

/// A row of `revocation`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revocation")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RevocationId,
    /// Whose codes.
    pub target: Target,
    /// The id of the individual, wave or batch.
    pub target_id: Uuid,
    /// Why.
    pub reason: String,
    /// Who asked.
    pub actor: String,
    /// Codes of the target.
    pub codes: i64,
    /// How many of them were revoked when it finished.
    pub revoked: i64,
    /// When it began.
    pub started_at: Timestamp,
    /// When every code of the target had been looked at.
    pub finished_at: Option<Timestamp>,
}

/// Whose codes are taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, IntoStaticStr)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Target {
    /// Those of one individual.
    Individual,
    /// Those of a wave's batches.
    Wave,
    /// Those of a batch.
    Batch,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
