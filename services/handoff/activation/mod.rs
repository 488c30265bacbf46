//! Codes that partners issue themselves: pools, and the assignment of one code to each enrollment.
//!
//! Leasing stands here and not in the queue, because the codes are assigned in its transaction.

pub mod alerts;
pub mod assign;
pub mod code;
pub mod code_store;
pub(crate) mod grpc;
pub mod import;
pub mod lease;
pub mod pool_store;
pub mod waiting;
pub mod watch;
