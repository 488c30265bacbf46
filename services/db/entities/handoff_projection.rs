//! What was changed in a person's data to fit a partner's fields, when a handoff was offered last. Fields and what was done to them, and
//! nothing of what stood in them.

use sea_orm::entity::prelude::*;
use sea_orm::{DbBackend, Statement};
use serde::{Deserialize, Serialize};

use crate::db::Error;
use crate::db::rows::{self, Is};
use crate::kernel::ids::{CampaignId, HandoffId};

/// What was done to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Action {
    /// Letters were replaced by plain ones, or left out where there is none.
    Folded,
    /// Its end was cut off.
    Cut,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// The field's path in the contract's subject, such as `name.family_name`.
    pub field: String,
    /// What was done to it.
    pub action: Action,
}

/// A row of `handoff_projection`. A handoff that fitted as it was, when it was offered first, has none.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "handoff_projection")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// The handoff.
    #[sea_orm(primary_key, auto_increment = false)]
    pub handoff_id: HandoffId,
    /// With which of its attempts; at a later one it fitted.
    pub attempts: i32,
    /// JSON: the changes in their order.
    pub changes: String,
}

impl Model {
    const COLUMNS: [(&str, Is); 4] = [
        ("campaign_id", Is::Uuid),
        ("handoff_id", Is::Uuid),
        ("attempts", Is::Int),
        ("changes", Is::Text),
    ];

    /// Writes the statement that keeps what was changed, over what was kept of an earlier attempt.
    pub fn upsert(backend: DbBackend, projections: &[Self]) -> Statement {
        let columns = Self::COLUMNS.map(|(name, _)| name).join(", ");
        let table = rows::table(backend, &Self::COLUMNS);
        // SQLite takes ON CONFLICT for a join's ON unless a WHERE stands between.
        let sql = format!(
            "WITH {table} INSERT INTO handoff_projection ({columns}) SELECT {columns} FROM v WHERE 1 = 1 \
             ON CONFLICT (campaign_id, handoff_id) DO UPDATE SET attempts = excluded.attempts, changes = excluded.changes"
        );
        rows::bind(backend, sql, projections)
    }

    /// Reads the changes.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where they are none.
    pub fn changes(&self) -> Result<Vec<Changed>, Error> {
        let changes = serde_json::from_str(&self.changes);
        changes.map_err(|_| Error::corrupt("handoff_projection.changes"))
    }
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
