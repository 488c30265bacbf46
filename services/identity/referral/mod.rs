//! Verifications that a person reviews.

pub mod case;
pub mod decide;
pub mod grpc;
pub mod list;
pub mod state;
pub mod store;
