//! What was consented to, by whom and how.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId};

use super::enrollment::Channel;
use super::representative::{Authority, Relationship};

/// A row of `consent`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consent")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The enrollment.
    #[sea_orm(primary_key, auto_increment = false)]
    pub enrollment_id: EnrollmentId,
    /// Language of the text.
    pub language: String,
    /// Version of the text.
    pub version: String,
    /// SHA-256 of the text, hexadecimal.
    pub text_sha256: String,
    /// What whoever consented is to the person; none where the person consented.
    pub relationship: Option<Relationship>,
    /// What gives them the right to.
    pub authority: Option<Authority>,
    /// By which channel.
    pub channel: Channel,
    /// Who gave it, by role.
    pub given_by: String,
    /// When it was given.
    pub given_at: Timestamp,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
