//! What a partner says of a handoff, and what follows from it.

pub mod apply_status;
pub mod convert;
pub mod kept;
pub mod report;
