//! Calling partners that are pushed to.

pub mod circuit_breaker;
pub mod client;
pub mod partner_session;
pub mod worker;
