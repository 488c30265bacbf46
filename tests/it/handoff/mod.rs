//! Handing over, on both databases, to the real sandbox bureau across mutual TLS.
//!
//! Time is by hand: a back-off, a lease or an overdue outcome passes when a test says so. Only time-outs of calls are real,
//! and short.

mod activation;
mod activation_import;
mod admin;
mod cancel;
mod clocks;
mod correction;
mod crash;
mod lease;
mod measured;
mod observe;
mod partner;
mod plans;
mod pull;
mod push;
mod resubmission;
mod retention;
mod said;
mod seed;
mod supplement;
mod world;
