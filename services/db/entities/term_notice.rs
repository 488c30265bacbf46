//! Somebody who is to be told that their term is over: `enrollment-codes` adds, `identity-verification` tells.

use sea_orm::entity::prelude::*;
use strum::IntoStaticStr;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, EnrollmentId, IndividualId};

/// A row of `term_notice`: one an enrollment.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "term_notice")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The enrollment whose terms are over.
    #[sea_orm(primary_key, auto_increment = false)]
    pub enrollment_id: EnrollmentId,
    /// Who is told.
    pub individual_id: IndividualId,
    /// What became of it.
    pub state: State,
    /// When the enrollment came to its end.
    pub created_at: Timestamp,
    /// How often a carrier could not take it for now.
    pub attempts: i32,
    /// When it is tried again.
    pub retry_at: Option<Timestamp>,
}

/// What became of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, IntoStaticStr)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// Nobody was told yet.
    Due,
    /// A carrier took it.
    Sent,
    /// There is no contact and no address on record, or nothing is on record any more.
    Nowhere,
    /// The carrier refuses the contact for good.
    Refused,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
