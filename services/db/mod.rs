//! The database layer: one door to PostgreSQL and SQLite.
//!
//! [`Db::run_tx`] is the only way to write, [`Db::read`] the way to read. The schema is in `migrations`, one entity a
//! table in [`entities`], and who may touch what in [`grants`]. A column with a closed set of values is an enum of its entity.
//! This module knows no state machine: what may follow on a state stands in the `state.rs` of the table's writer.

pub mod audit;
pub mod audit_log;
pub mod backup;
mod bulk;
mod cell;
mod classify;
mod clock;
mod connect;
pub mod entities;
mod error;
mod faults;
pub mod grants;
pub mod key_use;
mod metrics;
pub mod migrate;
mod migrations;
mod names;
mod postgres;
mod probe;
mod rights;
pub mod rows;
mod run;
mod schema;
mod session;
mod settings;
mod sqlite;
mod statements;
mod tx;
mod url;

pub use bulk::{Bulk, VALUES_AN_INSERT};
pub use cell::Cell;
pub use connect::Db;
pub use error::{Error, Outage, SqlState, Storage};
pub use faults::{FaultHook, FaultRates};
pub use settings::{DatabaseSettings, Process};
pub use sqlite::writing;
pub use statements::Statements;
pub use tx::Tx;
