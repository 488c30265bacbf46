//! Checks a partner's invoice: what may be paid, what may not and why, and what was active and is billed nowhere.
//!
//! An invoice comes in as a stream and is stored line by line ([`check`]). Once its end has come and its count is right, a few statements
//! judge all lines ([`judge`]), by when each enrollment was active ([`active`]). What it came to is kept with the lines as evidence, so
//! that a later invoice is held against it.

pub mod active;
pub mod check;
pub mod judge;
pub mod retention;
pub mod store;
