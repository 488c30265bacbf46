//! The queue of handoffs: leasing, settling, replaying, counting.

pub mod attempts;
pub mod grpc;
pub mod lease;
pub mod lease_store;
pub mod model;
pub mod replay;
pub mod retry_policy;
pub mod settle;
pub mod state;
pub mod statistics;
pub mod store;
