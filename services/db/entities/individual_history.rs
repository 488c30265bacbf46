//! What the record of an individual was before a file corrected it.

use sea_orm::entity::prelude::*;

use crate::db::error::Error;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, ImportId, IndividualId};

/// A row of `individual_history`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "individual_history")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The individual.
    #[sea_orm(primary_key, auto_increment = false)]
    pub individual_id: IndividualId,
    /// When it was corrected.
    #[sea_orm(primary_key, auto_increment = false)]
    pub changed_at: Timestamp,
    /// Who imported the file.
    pub changed_by: String,
    /// The import of the file.
    pub import_id: ImportId,
    /// JSON: the names of the fields that it changed. See [`Model::fields`].
    pub fields: String,
    /// The record before, sealed under the individual's key; gone once erased.
    pub sealed: Option<Vec<u8>>,
}

impl Model {
    /// Gives the names of the fields that were changed.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where it is no list of names.
    pub fn fields(&self) -> Result<Vec<String>, Error> {
        let fields = serde_json::from_str(&self.fields);
        fields.map_err(|_| Error::corrupt("individual_history.fields"))
    }
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
