//! Redress runs the remedy after a data breach.

pub mod access;
pub mod bureau;
pub mod cli;
pub mod codes;
pub mod db;
pub mod handoff;
pub mod identity;
pub mod kernel;
pub mod wire;
