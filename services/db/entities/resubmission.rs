//! An order to be given again, on its way to its handoff: the process `enrollment-codes` adds, `bureau-handoff` takes away.

use sea_orm::entity::prelude::*;
use sea_orm::{DbBackend, Statement};
use serde::Serialize;

use crate::db::rows::{self, Is};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, HandoffId};

/// A row of `resubmission`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "resubmission")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The handoff.
    #[sea_orm(primary_key, auto_increment = false)]
    pub handoff_id: HandoffId,
    /// Which order it becomes, counted from 1.
    pub order_attempt: i32,
    /// W3C `traceparent` of the call that made it.
    pub trace_context: Option<String>,
    /// When it was made.
    #[serde(serialize_with = "rows::micros")]
    pub created_at: Timestamp,
}

impl Model {
    const COLUMNS: [(&str, Is); 5] = [
        ("campaign_id", Is::Uuid),
        ("handoff_id", Is::Uuid),
        ("order_attempt", Is::Int),
        ("trace_context", Is::Text),
        ("created_at", Is::Big),
    ];

    /// Lists the columns.
    pub fn columns() -> String {
        Self::COLUMNS.map(|(name, _)| name).join(", ")
    }

    /// Writes the statement that adds resubmissions. A newer one takes the place of one that was not taken yet, or
    /// that was set aside.
    pub fn insert(backend: DbBackend, resubmissions: &[Self]) -> Statement {
        let columns = Self::columns();
        let table = rows::table(backend, &Self::COLUMNS);
        // SQLite takes ON CONFLICT for a join's ON unless a WHERE stands between.
        let sql = format!(
            "WITH {table} INSERT INTO resubmission ({columns}) SELECT {columns} FROM v WHERE 1 = 1 \
             ON CONFLICT (campaign_id, handoff_id) DO UPDATE SET order_attempt = excluded.order_attempt, \
             trace_context = excluded.trace_context, created_at = excluded.created_at, set_aside_at = NULL, set_aside_reason = NULL"
        );
        rows::bind(backend, sql, resubmissions)
    }
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
