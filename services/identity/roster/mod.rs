//! The list of affected people: loading it, reading it masked, and addressing letters.
//!
//! A row goes through three steps: [`row`] judges it by itself, [`prepare`] makes it ready to be written beside the write of
//! the batch before, [`settle`] asks the database, plans the whole batch ([`plan`]) and writes it in one transaction.

pub mod change;
pub mod count;
pub mod export;
pub mod import;
pub mod keys;
pub mod known;
pub mod locale;
pub mod merge;
pub mod notice;
pub mod plan;
pub mod population;
pub mod prepare;
pub mod read;
pub mod reader;
pub mod reject;
pub mod row;
pub mod salutation;
pub mod seen;
pub mod settle;
pub mod store;
