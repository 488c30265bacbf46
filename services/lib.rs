//! Redress runs the remedy after a data breach.

pub mod wire;
