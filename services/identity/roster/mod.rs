//! The list of affected people: loading it, reading it masked, and addressing letters.

pub mod merge;
pub mod population;
pub mod reject;
pub mod row;
