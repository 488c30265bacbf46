//! The process `enrollment-codes`: campaigns, code batches, codes, enrollments and consent.
//!
//! It knows which individual a code belongs to, and never who that is: names and addresses are the identity process's.

pub mod admission;
pub mod code;
pub mod commands;
pub mod ctx;
pub mod error;
pub mod failures;
pub mod frame;
pub mod grpc;
pub mod housekeeping;
pub mod law;
mod metrics;
pub mod next_step;
pub mod outcomes;
pub mod reissues;
pub mod serve;
pub mod settings;
pub mod state;
pub mod store;
pub mod term;
pub mod throttles;

pub use ctx::{Call, Ctx};
pub use error::Error;
pub use serve::{run, serve};
pub use settings::Settings;
