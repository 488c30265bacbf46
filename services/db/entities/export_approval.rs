//! A second operator's consent to the export of a batch.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{BatchId, CampaignId, ExportApprovalId};

/// A row of `export_approval`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "export_approval")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ExportApprovalId,
    /// What may be exported.
    pub batch_id: BatchId,
    /// Who asked, and may export: the caller as `role/name`.
    pub requested_by: String,
    /// When.
    pub requested_at: Timestamp,
    /// Who approved; never who asked.
    pub approved_by: Option<String>,
    /// When.
    pub approved_at: Option<Timestamp>,
    /// Until when it can be approved, or until when it allows the export.
    pub expires_at: Timestamp,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
