//! Calling the partners in mode PUSH, over gRPC, and those in mode HTTP, by the REST API that their layout describes.

mod call;
pub mod circuit_breaker;
pub mod client;
mod look;
pub mod pace;
mod partner_session;
mod record;
mod shared_circuits;
mod take_turn;
pub mod worker;
