//! The person as a partner gets it.

pub mod convert;
pub mod decrypt;
pub mod evidence;
pub mod field;
pub mod projection;
pub mod sendable;
pub mod store;
