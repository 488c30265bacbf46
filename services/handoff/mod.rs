//! The process `bureau-handoff`.

pub mod commands;
pub mod context;
pub mod decide;
pub mod error;
pub mod gate;
mod metrics;
pub mod model;
pub mod projection;
pub mod state;
pub mod store;
pub mod words;
