//! The stream of partners that pull.

pub(crate) mod grpc;
mod leases;
pub mod stream;
