//! The answer to a request that may come again.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;

/// A row of `idempotency`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency")]
pub struct Model {
    /// The caller's id for the request.
    #[sea_orm(primary_key, auto_increment = false)]
    pub request_id: Uuid,
    /// The process that keeps the row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub process: String,
    /// The caller, role and name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub caller: String,
    /// The method's full name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub method: String,
    /// Keyed hash of the decoded request.
    pub fingerprint: Uuid,
    /// JSON of ids.
    pub result: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
