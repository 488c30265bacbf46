//! One-time codes to a contact that was on the roster before.

pub mod confirm;
pub mod send;
pub mod state;
pub mod store;
