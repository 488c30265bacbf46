//! Something that happened to a person's letter.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, IndividualId};

/// A row of `mail_event`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mail_event")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The person.
    #[sea_orm(primary_key, auto_increment = false)]
    pub individual_id: IndividualId,
    /// The civil date, `YYYY-MM-DD`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub happened_on: String,
    /// What happened.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: Kind,
    /// Which of the person's letters; 0 where that is not known.
    #[sea_orm(primary_key, auto_increment = false)]
    pub generation: i32,
    /// Why a letter came back.
    pub return_reason: Option<ReturnReason>,
    /// Who gave a corrected address.
    pub address_source: Option<AddressSource>,
    /// Keyed hash of a corrected address.
    pub address_mac: Option<Uuid>,
    /// Who recorded it.
    pub recorded_by: String,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

/// What happened, in the order in which it happens to one letter: within one day this order counts.
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
    serde::Serialize,
    serde::Deserialize,
)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// A single letter was mailed. The mailing of a whole wave is one date of the wave.
    Mailed,
    /// It came back.
    Returned,
    /// A better address became known.
    AddressCorrected,
    /// A letter that had come back was mailed again.
    Remailed,
}

/// Why a letter came back, as the postal service endorses it (DMM 507, exhibit 1.4.1).
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
pub enum ReturnReason {
    /// Not deliverable as addressed.
    NotDeliverableAsAddressed,
    /// Moved, left no address.
    MovedLeftNoAddress,
    /// Nobody lives there.
    Vacant,
    /// The addressee died.
    Deceased,
    /// The addressee refused it.
    Refused,
    /// Nobody collected it.
    Unclaimed,
    /// Something else.
    Other,
}

/// Who gave a corrected address. The person who calls is never a source.
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
pub enum AddressSource {
    /// The postal service's register of changed addresses.
    UspsNcoa,
    /// The mail house, from what came back.
    MailHouse,
    /// A covered entity.
    CoveredEntity,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
