//! The process `bureau-handoff`: partners, the queue, the worker that pushes, the stream that partners pull, outcomes.
//!
//! *Every enrollment has exactly one `handoff_id`; it is offered until it is acknowledged; a partner that stores
//! `handoff_id` sees each enrollment once.* The row comes into the queue in the enrollment's own transaction, so that no
//! enrollment is without one. From there:
//!
//! - [`worker`] calls PUSH partners: lease, call with nothing open in the database, settle. What is killed in between is
//!   found by its lease and **asked after before it is sent again**.
//! - [`pull`] streams to PULL partners and offers again what they do not acknowledge in time.
//! - [`commands::learn`] takes in what a partner says, by whichever way it came: state, outcome for the enrollment,
//!   attempt and audit in one transaction. A fact holds whatever the lease says.
//! - [`activation`] is about codes that partners issue themselves: where a campaign has a pool of them, each enrollment gets
//!   one with its first lease and keeps it, and none is sent without.
//! - [`decide`], [`gate`] and [`state`] are the rules, pure.

pub mod activation;
pub mod audit;
pub mod context;
pub mod error;
pub mod grpc;
mod metrics;
pub mod outcome;
pub mod partner;
pub mod person;
pub mod pull;
pub mod push;
pub mod queue;
mod serve;
pub mod settings;
pub mod store;
pub mod vocabulary;

pub use serve::{builder, run, serve};
pub use settings::Settings;
