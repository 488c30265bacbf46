//! What every process stands on: time, ids, keys, errors, settings and the one server builder.
//!
//! The kernel knows no table and no RPC. Whatever is in here could serve another product.

mod allocator;
pub mod caller;
pub mod certs;
pub mod client;
pub mod clock;
pub mod combine;
pub mod crypto;
pub mod dates;
pub mod fault;
pub mod fields;
pub mod flat_file;
pub mod hashing;
pub mod ids;
pub mod keyring;
pub mod language;
pub mod lifecycle;
pub mod paging;
pub mod person;
pub mod person_sealer;
pub mod places;
pub mod retry;
pub mod secrets;
pub mod server;
pub mod settings;
pub mod telemetry;
pub mod typed;
pub mod web;
