//! The tests that need more than one module, a database or a process.

#![expect(
    clippy::unwrap_used,
    reason = "what cannot go on here is a test that fails"
)]

mod harness;

mod codes;
mod database;
mod identity;
mod layers;
mod wire;
