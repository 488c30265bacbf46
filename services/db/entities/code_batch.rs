//! A batch of codes. While it is open its codes can be printed again.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{BatchId, CampaignId, WaveId};

/// A row of `code_batch`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "code_batch")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BatchId,
    /// Where it stands.
    pub state: State,
    /// The secret its codes derive from, gone once sealed.
    pub wrapped_secret: Option<Vec<u8>>,
    /// The code key that wraps the secret.
    pub key_version: i32,
    /// How many it holds.
    pub codes: i64,
    /// The wave that it is printed for.
    pub wave_id: WaveId,
    /// When its last code was added: from then on it can be printed.
    pub completed_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was sealed.
    pub sealed_at: Option<Timestamp>,
    /// When it was exported for the first time: what is printed is fixed from then on.
    pub first_exported_at: Option<Timestamp>,
    /// Codes that were revoked before, and get no letter.
    pub withheld: i64,
}

/// Where a batch stands.
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
pub enum State {
    /// Its secret exists: codes can be added and exported.
    Open,
    /// Its secret is destroyed.
    Sealed,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
