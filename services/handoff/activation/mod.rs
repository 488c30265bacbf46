//! Codes that partners issue themselves: pools, and the assignment of one code to each enrollment.

pub mod assign;
pub mod code;
pub mod grpc;
pub mod import;
pub mod store;
pub mod waiting;
pub mod watch;
