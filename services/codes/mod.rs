//! The process `enrollment-codes`: campaigns, code batches, codes, enrollments and consent.
//!
//! It knows which individual a code belongs to, and never who that is: names and addresses are the identity process's.
//!
//! Imports run downward only, in this order:
//!
//! ```text
//! serve  grpc  housekeeping
//! enrollment                      begin, complete, cancel, the partner's outcomes
//! restoration                     cases at a partner, for whoever is affected
//! letter                          codes that are out: another letter, codes taken back
//! attempt                         what a try of a code is charged to, and why one is refused
//! batch                 report    issue, approve, export, seal | the funnel and the deadlines
//! wave                            parts of a mailing
//! campaign
//! context  settings  convert  store   what every command works with
//! code  law                       pure: no table, no request
//! ```

pub mod attempt;
pub mod batch;
pub mod campaign;
pub mod code;
pub mod context;
mod convert;
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
pub mod restoration;
pub mod serve;
pub mod settings;
pub mod state;
pub mod store;
pub mod wave;

pub use context::Context;
pub use error::Error;
pub use serve::{run, serve};
pub use settings::Settings;
