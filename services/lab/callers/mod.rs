//! Simulated people who call.

pub mod caller;
pub mod impostor;
pub mod letters;
pub mod outbox;
pub mod reviewer;
pub mod run;
pub mod scenario;
