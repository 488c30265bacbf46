//! One enrollment in a partner's list.

use sea_orm::entity::prelude::*;
use sea_orm::{DbBackend, Statement};
use serde::Serialize;
use strum::IntoStaticStr;
use uuid::Uuid;

use crate::db::rows::{self, Is};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, HandoffId, ReconciliationId};

use super::outcome::OutcomeClass;

/// How an enrollment stands at a partner.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, IntoStaticStr, Serialize,
)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Progress {
    /// Taken; monitoring has not started.
    Accepted,
    /// Monitoring runs.
    Active,
    /// Somebody must act first.
    ActionRequired,
    /// The partner refused.
    Refused,
    /// Stopped for a while.
    Suspended,
    /// The term is over.
    Ended,
    /// Canceled.
    Canceled,
}

/// A row of `reconciliation_entry`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "reconciliation_entry")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The list.
    #[sea_orm(primary_key, auto_increment = false)]
    pub reconciliation_id: ReconciliationId,
    /// Its place in the list, from 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    /// An id for the difference that it may show.
    pub id: Uuid,
    /// Our reference, as the list has it or as it was found by the partner's.
    pub handoff_id: Option<HandoffId>,
    /// The partner's own reference.
    pub partner_reference: Option<String>,
    /// Where it stands there.
    pub progress: Progress,
    /// Why, where it is not active.
    pub outcome_class: Option<OutcomeClass>,
    /// The partner's revision of that; 0 where it gives none.
    pub revision: i64,
    /// Since when.
    #[serde(serialize_with = "rows::micros")]
    pub effective_at: Option<Timestamp>,
}

impl Model {
    const COLUMNS: [(&str, Is); 10] = [
        ("campaign_id", Is::Uuid),
        ("reconciliation_id", Is::Uuid),
        ("position", Is::Big),
        ("id", Is::Uuid),
        ("handoff_id", Is::Uuid),
        ("partner_reference", Is::Text),
        ("progress", Is::Text),
        ("outcome_class", Is::Text),
        ("revision", Is::Big),
        ("effective_at", Is::Big),
    ];

    /// Writes the statement that adds entries; those that are there stay.
    pub fn insert(backend: DbBackend, entries: &[Self]) -> Statement {
        let columns = Self::COLUMNS.map(|(name, _)| name).join(", ");
        let table = rows::table(backend, &Self::COLUMNS);
        // SQLite takes ON CONFLICT for a join's ON unless a WHERE stands between.
        let sql = format!(
            "WITH {table} INSERT INTO reconciliation_entry ({columns}) SELECT {columns} FROM v WHERE 1 = 1 \
             ON CONFLICT (campaign_id, reconciliation_id, position) DO NOTHING"
        );
        rows::bind(backend, sql, entries)
    }
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
