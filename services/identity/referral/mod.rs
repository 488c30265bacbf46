//! Cases that a person reviews.

pub mod decide;
pub mod state;
