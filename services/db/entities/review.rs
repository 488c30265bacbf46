//! Two individuals who may be one person.

use sea_orm::entity::prelude::*;

use crate::db::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, ImportId, IndividualId, ReviewId};

use super::individual::Population;

/// A row of `review`. Of two individuals there is at most one.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "review")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReviewId,
    /// The individual who was known later.
    pub individual_id: IndividualId,
    /// The individual who was known before.
    pub other_id: IndividualId,
    /// Where it stands.
    pub state: State,
    /// The sum of the weights, in hundredths of a bit.
    pub score: i32,
    /// JSON: how each field agrees. Levels and weights, never values.
    pub waterfall: String,
    /// The import that brought the later one, or what made them alike.
    pub import_id: ImportId,
    /// When it was put on the list.
    pub opened_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// Why, in the decider's words.
    pub reason: Option<String>,
    /// Which of the two stays, if they are merged.
    pub kept_id: Option<IndividualId>,
    /// JSON: what went over to the one who stays. See [`Model::taken_over`].
    pub taken_over: Option<String>,
}

/// What a merge changed, to take it back.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TakenOver {
    /// Keyed hashes of the references that went over to the one who stays.
    pub references: Vec<Uuid>,
    /// Which rules applied to the one who stays before.
    pub population: Population,
    /// Whether the last letter of the one who stays had come back.
    pub returned: bool,
    /// Under which descriptions the one who stays is found since.
    #[serde(default)]
    pub added: Vec<i64>,
    /// The former descriptions of the one who is gone: the number of each, and its keys in the order of their columns.
    #[serde(default)]
    pub former: Vec<(i64, Vec<Option<i64>>)>,
}

impl Model {
    /// Gives what a merge changed.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where there was none, or it cannot be read.
    pub fn taken_over(&self) -> Result<TakenOver, Error> {
        let text = self.taken_over.as_deref().unwrap_or_default();
        serde_json::from_str(text).map_err(|_| Error::corrupt("review.taken_over"))
    }
}

/// Where a review stands.
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
    /// Somebody must look.
    Open,
    /// They are one person.
    Merged,
    /// They are two people.
    KeptApart,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
