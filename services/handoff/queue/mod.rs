//! The queue of handoffs: its rows, its state machine, its retry policy.

pub mod attempts;
pub(crate) mod audit;
pub(crate) mod convert;
pub mod due;
pub mod end;
pub(crate) mod grpc;
pub mod handoff;
pub mod lease_store;
pub mod misdated;
pub mod open_circuit;
pub mod replay;
pub mod retention;
pub mod retry_policy;
pub mod state;
pub mod statistics;
pub mod stops;
pub mod store;
pub mod under_way;
pub mod watch;
