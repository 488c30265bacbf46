//! A throttled thing and its theoretical arrival time.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;

/// A row of `throttle`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "throttle")]
pub struct Model {
    /// Keyed hash of what is throttled.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: Uuid,
    /// The process that keeps the row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub process: String,
    /// The theoretical arrival time.
    pub tat: Timestamp,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
