//! A file of orders to a partner.

use sea_orm::entity::prelude::*;
use strum::IntoStaticStr;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, HandoffFileId, PartnerId};

/// How far a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, IntoStaticStr)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// Its orders are leased and written; nobody but us can see it.
    Writing,
    /// It is whole, and about to get its name.
    Ready,
    /// It lies where the partner takes it.
    Sent,
    /// Nothing of it waits for an answer.
    Closed,
}

/// A row of `handoff_file`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "handoff_file")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: HandoffFileId,
    /// The partner.
    pub partner_id: PartnerId,
    /// Counts the files of the campaign to the partner, from 1 without a gap.
    pub number: i32,
    /// Its name.
    pub name: String,
    /// How far it is.
    pub state: State,
    /// How many orders are in it, once it is whole.
    pub records: Option<i32>,
    /// SHA-256 of the file as it lies there, in hexadecimal.
    pub sha256: Option<String>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it got its name.
    pub sent_at: Option<Timestamp>,
    /// When what has no answer goes into a later file.
    pub answer_by: Option<Timestamp>,
    /// When nothing of it waited any more: it was answered, or went into later files.
    pub closed_at: Option<Timestamp>,
    /// Who writes it.
    pub lease_owner: Option<String>,
    /// When somebody else may go on with it.
    pub lease_expires_at: Option<Timestamp>,
}

impl Model {
    /// Gives what its orders are leased by.
    pub fn owner(&self) -> String {
        format!("file/{}", self.id)
    }
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
