//! An affected person.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, IndividualId};

/// A row of `individual`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "individual")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: IndividualId,
    /// What the person's key derives from, gone once erased.
    pub salt: Option<Vec<u8>>,
    /// Everything personal, sealed.
    pub sealed: Option<Vec<u8>>,
    /// The version of the key.
    pub key_version: i32,
    /// Which rules apply.
    pub population: Population,
    /// State or region of the address, for deadlines.
    pub region: String,
    /// Country of the address.
    pub country: String,
    /// Whether there is an address to write to.
    pub mailable: bool,
    /// Whether the roster had an e-mail address or a telephone.
    pub has_contact: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the person was erased.
    pub erased_at: Option<Timestamp>,
    /// Language of letters, `en` or `es`; empty means the campaign's.
    pub locale: String,
    /// Whether the last letter came back and no better address is known since.
    pub returned: bool,
}

/// How a person is addressed and what they can be offered.
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
    strum::EnumString,
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
pub enum Population {
    /// An adult.
    Adult,
    /// A minor; a parent or guardian acts.
    Minor,
    /// A deceased person; the estate is written to.
    Deceased,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
