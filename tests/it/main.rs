//! The tests that need more than one module, a database or a process.

mod harness;

mod database;
mod layers;
mod wire;
