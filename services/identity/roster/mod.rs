//! The list of affected people: loading it, reading it masked, and addressing letters.
//!
//! A row goes through three steps: [`row`] judges it by itself, [`prepare`] makes it ready to be written beside the write of
//! the batch before, [`write`] writes a batch in one transaction: rows of [`newcomers`] at once, the others as they are planned
//! ([`plan`]) when the database has told what it holds about them ([`lookup`]).

pub mod batch;
pub mod count;
pub mod export;
pub mod facts;
pub mod flight;
mod grown;
pub mod import;
pub mod keys;
pub mod locale;
pub mod lookup;
pub mod merge;
pub mod newcomers;
pub mod notice;
pub mod plan;
pub mod population;
pub mod prepare;
pub mod read;
pub mod reject;
pub mod row;
pub mod salutation;
pub mod sealed;
pub mod seen;
pub mod store;
pub mod write;
