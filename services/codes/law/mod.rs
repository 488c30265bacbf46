//! What the law asks after a breach: data with citations, and the arithmetic over it. Nothing here asks a table.
//!
//! The rules stand in `rules.toml`, part of the program. Its figures are read once and checked whole; a test reads the file, so
//! a program that starts has one that holds.

mod deadline;
mod file;
mod monitoring;
mod place;
mod rule;

pub use deadline::{Census, Deadline, OutOfRange};
pub use file::Wrong;
pub use monitoring::Owed;
pub use place::{Place, is_home};
pub use rule::{CountedFrom, Duty, Law, Notice, Notified, Rule};
