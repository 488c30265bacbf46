//! One import of one roster file.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, ImportId};

/// A row of `roster_import`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "roster_import")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ImportId,
    /// SHA-256 of the file, hexadecimal.
    pub file_sha256: String,
    /// Rows read.
    pub rows: i64,
    /// Rows that made a person.
    pub accepted: i64,
    /// Rows merged into a person already known.
    pub merged: i64,
    /// Rows that changed nothing.
    pub unchanged: i64,
    /// Rows rejected.
    pub rejected: i64,
    /// Where it stands.
    pub state: State,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Every row up to this line is durable or rejected, and counted; the header is line 1.
    pub durable_line: i64,
    /// Rows that corrected a person.
    pub corrected: i64,
    /// Rows taken with a warning.
    pub warned: i64,
    /// Rows taken whose address no letter can be sent to.
    pub unmailable: i64,
    /// Whether the file has everybody whom its covered entities list.
    pub complete: bool,
    /// Rows that made a person who stands on the review list.
    pub for_review: i64,
}

/// Where an import stands.
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
    /// Not every row has been seen.
    Running,
    /// Every row has been seen.
    Done,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
