//! A letter that somebody ordered who lost theirs, on its way to the codes: `identity-verification` adds, `enrollment-codes` takes
//! away.

use sea_orm::entity::prelude::*;
use sea_orm::{DbBackend, Statement};
use serde::Serialize;

use crate::db::rows::{self, Is};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{CampaignId, IndividualId, VerificationId};

/// A row of `letter_order`: one a person.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "letter_order")]
pub struct Model {
    /// The campaign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign_id: CampaignId,
    /// Who gets it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub individual_id: IndividualId,
    /// The verification whose claims pointed at that person.
    pub verification_id: VerificationId,
    /// Whether an agent ordered it after claims that were accepted.
    pub attended: bool,
    /// Who ordered it: the caller, with the agent behind it.
    pub ordered_by: String,
    /// When.
    #[serde(serialize_with = "rows::micros")]
    pub ordered_at: Timestamp,
    /// From when on another letter is possible, where a limit declined an agent's order: it waits no more, and is kept to be told.
    #[serde(skip)]
    pub possible_at: Option<Timestamp>,
}

impl Model {
    const COLUMNS: [(&str, Is); 6] = [
        ("campaign_id", Is::Uuid),
        ("individual_id", Is::Uuid),
        ("verification_id", Is::Uuid),
        ("attended", Is::Bool),
        ("ordered_by", Is::Text),
        ("ordered_at", Is::Big),
    ];

    /// Writes the statement that adds orders. One that waits stays, unless the newer one is an agent's and it was not: that one is
    /// carried out where the other would not be. One that was declined does not.
    pub fn insert(backend: DbBackend, orders: &[Self]) -> Statement {
        let columns = Self::COLUMNS.map(|(name, _)| name).join(", ");
        let table = rows::table(backend, &Self::COLUMNS);
        // SQLite takes ON CONFLICT for a join's ON unless a WHERE stands between.
        let sql = format!(
            "WITH {table} INSERT INTO letter_order ({columns}) SELECT {columns} FROM v WHERE 1 = 1 \
             ON CONFLICT (campaign_id, individual_id) DO UPDATE SET verification_id = excluded.verification_id, \
             attended = excluded.attended, ordered_by = excluded.ordered_by, ordered_at = excluded.ordered_at, possible_at = NULL \
             WHERE excluded.attended AND NOT letter_order.attended OR letter_order.possible_at IS NOT NULL"
        );
        rows::bind(backend, sql, orders)
    }
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
