//! A bureau or reseller.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::PartnerId;

/// A row of `partner`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "partner")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PartnerId,
    /// The name people read.
    pub name: String,
    /// `PUSH` or `PULL`.
    pub mode: String,
    /// Where it is pushed to.
    pub endpoint: Option<String>,
    /// `ACTIVE` or `PAUSED`.
    pub state: String,
    /// The most handoffs under way at once.
    pub max_in_flight: i32,
    /// JSON: which fields it gets, and how.
    pub projection: String,
    /// JSON: the circuit breaker.
    pub breaker: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
