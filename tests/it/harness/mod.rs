//! What the tests stand on.

pub mod cluster;
pub mod contract;
pub mod database;
mod postgres;
mod sqlite;

pub use database::Database;
pub(crate) use database::both;
