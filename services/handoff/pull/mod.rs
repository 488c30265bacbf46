//! The stream of partners that pull.

pub mod grpc;
pub mod stream;
