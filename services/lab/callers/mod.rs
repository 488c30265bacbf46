//! Simulated people who call, and what they need.

pub mod caller;
pub mod context;
pub mod impostor;
pub mod letters;
pub mod outbox;
pub mod reviewer;
pub mod run;
pub mod scenario;
