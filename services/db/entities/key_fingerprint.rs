//! The fingerprint by which a key of the keyrings is known.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Timestamp;

/// A row of `key_fingerprint`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "key_fingerprint")]
pub struct Model {
    /// What the key is for.
    #[sea_orm(primary_key, auto_increment = false)]
    pub purpose: String,
    /// Its version.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i32,
    /// A short keyed hash, from which the key cannot be found.
    pub fingerprint: String,
    /// The program that started with the key first.
    pub noted_by: String,
    /// When it did.
    pub noted_at: Timestamp,
}

/// Relations are followed by hand, where the query is written.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
