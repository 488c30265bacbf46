//! Calling the partners in mode PUSH, over gRPC, and those in mode HTTP, by the REST API that their layout describes.

pub mod circuit_breaker;
pub mod client;
pub mod pace;
pub mod partner_session;
mod shared_circuits;
pub mod worker;
