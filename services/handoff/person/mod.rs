//! The person as a partner gets it.

pub mod decrypt;
pub mod projection;
pub mod store;
pub mod subject;
