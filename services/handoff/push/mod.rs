//! Calling the partners in mode PUSH.

pub mod circuit_breaker;
pub mod client;
pub mod pace;
pub mod partner_session;
pub mod worker;
