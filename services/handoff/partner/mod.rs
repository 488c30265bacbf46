//! Partners: bureaus and resellers.

pub mod create;
pub mod grpc;
pub mod store;
