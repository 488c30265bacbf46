//! A letter code, known by its keyed hash only.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{BatchId, CampaignId, EnrollmentId, IndividualId};

/// A row of `code`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "code")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// Keyed hash of the code.
    #[sea_orm(primary_key, auto_increment = false)]
    pub mac: Uuid,
    /// The person.
    pub individual_id: IndividualId,
    /// The batch.
    pub batch_id: BatchId,
    /// Which code of this person, counted from the first; 0 is a honey code, of nobody.
    pub generation: i32,
    /// Where it stands.
    pub state: State,
    /// For how many days after its mailing the letter proves the address.
    pub proof_days: i32,
    /// The code whose place it took.
    pub supersedes: Option<Uuid>,
    /// When it came to its end.
    pub settled_at: Option<Timestamp>,
    /// The enrollment.
    pub enrollment_id: Option<EnrollmentId>,
    /// Whether it was revoked before its batch was first exported, and gets no letter.
    pub withheld: Option<bool>,
    /// Whether its letter bears no code: there was no product for the person. Nobody is given the code.
    pub without_code: Option<bool>,
}

/// Where a code stands. One that is issued is shown as EXPIRED once its last day has passed.
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
    /// It can begin an enrollment until its last day.
    Issued,
    /// An enrollment was completed for its individual.
    Redeemed,
    /// A newer code took its place.
    Superseded,
    /// An operator took it back.
    Revoked,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
