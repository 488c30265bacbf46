//! The stream of partners that pull.

pub(crate) mod grpc;
pub mod stream;
