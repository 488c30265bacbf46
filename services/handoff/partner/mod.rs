//! Partners: bureaus and resellers.

pub(crate) mod audit;
pub(crate) mod convert;
pub mod create;
pub mod file_layout;
pub(crate) mod grpc;
pub mod heard;
pub mod http_layout;
pub mod meaning;
pub mod model;
pub mod order_fields;
pub mod store;
pub mod update;
