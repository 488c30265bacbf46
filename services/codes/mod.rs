//! The process `enrollment-codes`: campaigns, code batches, codes, enrollments and consent.
//!
//! It knows which individual a code belongs to, and never who that is: names and addresses are the identity process's.

pub mod batch;
pub mod campaign;
pub mod code;
pub mod context;
pub mod enrollment;
pub mod error;
pub mod failure_budget;
pub mod grpc;
pub mod housekeeping;
mod keyed;
pub mod law;
pub mod letter;
mod metrics;
pub mod report;
pub mod serve;
pub mod settings;
pub mod state;
pub mod store;
pub mod throttles;
pub mod wave;

pub use context::{Call, Context};
pub use error::Error;
pub use serve::{run, serve};
pub use settings::Settings;
