//! Restoring identities: a case at a partner, for whoever is affected. Nobody has to enroll for it.

pub mod grpc;
pub mod outcomes;
pub mod read;
pub mod request_restoration;
pub mod state;
pub mod store;
