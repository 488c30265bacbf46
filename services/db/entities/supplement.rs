//! What an individual mended or chose, which stands over the roster's record where an enrollment is handed to a bureau.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, IndividualId};

/// A row of `supplement`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "supplement")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The individual.
    #[sea_orm(primary_key, auto_increment = false)]
    pub individual_id: IndividualId,
    /// Everything personal, sealed under the individual's key: without the individual's salt it cannot be opened.
    pub sealed: Vec<u8>,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: String,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
