//! Everything that is invented: people and their rosters, callers and impostors, and on them the demonstration and the
//! benchmarks; also the real processes that both start on this machine.
//!
//! It stands on [`crate::client`] and never on the program, which shows what comes of it.

pub mod bench;
pub mod books;
pub mod callers;
pub mod campaign;
pub mod demo;
pub mod people;
pub mod processes;
