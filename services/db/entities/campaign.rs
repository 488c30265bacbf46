//! A campaign: one breach and its remedy.

use sea_orm::entity::prelude::*;

use crate::db::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::CampaignId;

use super::front_ends::FrontEnds;
use super::restoration::Offer;

/// A row of `campaign`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "campaign")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CampaignId,
    /// What callers and letters name the campaign by.
    pub engagement_number: String,
    /// The name people read.
    pub name: String,
    /// Where it stands.
    pub state: State,
    /// Civil date.
    pub breach_on: String,
    /// Civil date.
    pub discovered_on: String,
    /// Civil date, in `zone`.
    pub enroll_by: String,
    /// IANA time zone.
    pub zone: String,
    /// The end of `enroll_by` in `zone`.
    pub enroll_by_at: Timestamp,
    /// Whether a coverage gets the months that the law of the person's state asks for, where its product has fewer.
    pub raise_term_by_law: bool,
    /// Web address printed in the letter.
    pub letter_url: String,
    /// Telephone number printed in the letter.
    pub letter_phone: String,
    /// Language of people whose language is not known, such as `en`: of their letters and of their consent.
    pub language: String,
    /// JSON: thresholds, throttles, products' rules.
    pub policy: String,
    /// The version of the code key.
    pub code_key_version: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// For how many days after the last one an enrollment that was begun can be completed.
    pub grace_days: i32,
    /// Whether an export of codes needs the approval of a second operator.
    pub two_operators: bool,
    /// JSON: the front ends that serve it; none: every one. See [`Model::front_ends`].
    pub front_ends: String,
    /// JSON: who restores people's identities; none: nobody. See [`Model::restoration`].
    pub restoration: Option<String>,
}

impl Model {
    /// Gives the front ends that serve it.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where an entry names no front end.
    pub fn front_ends(&self) -> Result<FrontEnds, Error> {
        FrontEnds::read(&self.front_ends)
    }

    /// Gives who restores people's identities.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where the column cannot be read.
    pub fn restoration(&self) -> Result<Option<Offer>, Error> {
        Offer::read(self.restoration.as_deref())
    }
}

/// Where a campaign stands.
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
    /// Enrollments can begin until the enroll-by date.
    Open,
    /// No enrollment begins any more.
    Closed,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
