//! A partner's own list: reading it, and sending it to be compared.

mod list;
mod send;

pub use list::{List, read};
pub use send::{Header, differences, repair, send};
