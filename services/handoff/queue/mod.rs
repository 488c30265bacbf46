//! The queue of handoffs: leasing, settling, replaying, counting.

pub mod attempts;
pub(crate) mod audit;
pub mod convert;
pub mod grpc;
pub mod handoff;
pub mod lease_store;
pub mod replay;
pub mod retry_policy;
pub mod state;
pub mod statistics;
pub mod store;
