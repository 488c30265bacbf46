//! A whole campaign with invented people, and a check of it by somebody else's books.

pub mod environment;
pub mod outcomes;
pub mod run;
pub mod summary;
