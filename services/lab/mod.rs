//! Invented people, simulated callers, the demonstration and the benchmarks.

pub mod bench;
pub mod callers;
pub mod campaign;
pub mod demo;
pub mod people;
pub mod processes;
