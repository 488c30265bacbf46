//! One list of a partner, which is compared with our books.

use sea_orm::entity::prelude::*;
use strum::IntoStaticStr;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, PartnerId, ReconciliationId};

/// Where a list stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, IntoStaticStr)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// It comes in, or was broken off or refused.
    Incomplete,
    /// It was compared.
    Compared,
}

/// A row of `reconciliation`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reconciliation")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReconciliationId,
    /// The partner whose list it is.
    pub partner_id: PartnerId,
    /// Where it stands.
    pub state: State,
    /// When the partner's books stood as the list says.
    pub as_of_at: Timestamp,
    /// Entries that came.
    pub entries: i64,
    /// Entries about which both sides agree.
    pub agreed: i64,
    /// Differences that something under way explains.
    pub pending: i64,
    /// Differences that stay closed.
    pub closed: i64,
    /// JSON: how many open differences there are of each kind.
    pub findings: String,
    /// SHA-256 of the entries in their order, hexadecimal, once it was compared.
    pub list_sha256: Option<String>,
    /// Who sent it.
    pub started_by: String,
    /// When it began to come in.
    pub started_at: Timestamp,
    /// When it was compared.
    pub finished_at: Option<Timestamp>,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
