//! Redress runs the remedy after a data breach.

pub mod kernel;
pub mod wire;
