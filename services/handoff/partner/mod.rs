//! Partners: bureaus and resellers.

pub(crate) mod audit;
pub(crate) mod convert;
pub mod create;
pub mod file_layout;
pub(crate) mod grpc;
pub mod heard;
pub mod model;
pub mod store;
pub mod update;
