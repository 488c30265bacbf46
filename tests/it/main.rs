//! The tests that need more than one module, a database or a process.

#![expect(
    clippy::unwrap_used,
    reason = "what cannot go on here is a test that fails"
)]

mod harness;

mod access;
mod answers;
mod backup;
mod bench;
mod buf;
mod canary;
mod clients;
mod clocks;
mod codes;
mod commands;
mod database;
mod demo;
mod examples;
mod faults;
mod handoff;
mod housekeeping;
mod identity;
mod journey;
mod keys;
mod layers;
mod letters;
mod lists;
mod mailing;
mod mailing_record;
mod matching;
mod operator;
mod python;
mod readme;
mod settings;
mod shutdown;
mod simulation;
mod wire;
