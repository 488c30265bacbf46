//! A wave: a part of a mailing.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, WaveId};

/// A row of `wave`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wave")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WaveId,
    /// Its name, unique in the campaign.
    pub name: String,
    /// Where it comes from.
    pub kind: Kind,
    /// JSON list of covered entities' ids; an empty one selects all.
    pub entities: String,
    /// JSON list of regions; an empty one selects all.
    pub regions: String,
    /// JSON list of populations; an empty one selects all.
    pub populations: String,
    /// How many are on its list; none when it has no list.
    pub members: i64,
    /// Last day to enroll.
    pub enroll_by: String,
    /// The first instant after it.
    pub enroll_by_at: Timestamp,
    /// The day on which its letters were mailed, once recorded.
    pub mailed_on: Option<String>,
    /// The first instant after that day.
    pub mailed_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The wave whose letters its letters replace, the first one and never another reissue; reissues of old have none.
    pub reissue_of: Option<WaveId>,
}

/// Where a wave comes from.
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
pub enum Kind {
    /// An operator planned it.
    Planned,
    /// It was made for a batch that named none.
    Automatic,
    /// It holds codes that take the place of others.
    Reissue,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
