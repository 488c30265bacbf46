//! One attempt to hand something to a partner.

use sea_orm::entity::prelude::*;
use serde::Serialize;
use strum::IntoStaticStr;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, HandoffId};

/// How an attempt to hand over ended.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, IntoStaticStr, Serialize,
)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AttemptResult {
    /// The partner took it or said how it ended.
    Answered,
    /// The partner could not be reached or said it cannot work now.
    Unavailable,
    /// The partner asked for a slower pace.
    Throttled,
    /// It was sent, and the answer was never seen.
    Unseen,
    /// The partner refused the call itself.
    Rejected,
    /// The answer could not be read.
    Unreadable,
    /// The lease ran out before anybody said how it ended.
    LeaseExpired,
    /// A key was missing here.
    NotOpened,
    /// The attempt after which the handoff was given up on.
    GaveUp,
}

/// A row of `handoff_attempt`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "handoff_attempt")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The handoff.
    #[sea_orm(primary_key, auto_increment = false)]
    pub handoff_id: HandoffId,
    /// Which attempt, counted from one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub attempt: i32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub result: AttemptResult,
    /// The state that the handoff moved to, `LEASE_LOST`, or empty.
    pub detail: String,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
