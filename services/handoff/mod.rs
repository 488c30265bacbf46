//! The process `bureau-handoff`.

pub mod commands;
pub mod context;
pub mod decide;
pub mod error;
pub mod gate;
pub mod grpc;
mod metrics;
pub mod model;
pub mod partner_words;
pub mod projection;
pub mod pull;
pub mod state;
pub mod store;
pub mod subject;
pub mod words;
pub mod worker;
