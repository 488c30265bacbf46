//! The list of affected people: loading it, reading it masked, and addressing letters.
//!
//! A row of an import goes through three steps: [`row`] judges it by itself, [`prepare`] makes it ready to be written, [`write`] asks the
//! database what it holds about a batch ([`lookup`]), decides what becomes of each row ([`plan`]), and writes that, in one transaction.

pub mod answer;
mod batch;
pub mod clear_columns;
mod complete;
mod count;
pub mod decrypt;
pub mod doubt;
pub mod export;
pub mod get;
pub mod grpc;
pub mod history;
pub mod import;
pub mod imports;
pub mod index;
pub mod keys;
pub mod known;
pub mod letter_language;
pub mod letters;
pub mod list;
mod lookup;
pub mod merge;
pub mod moved;
pub mod plan;
pub mod prepare;
pub mod raw;
pub mod reindex;
pub mod reject;
pub mod rewrap;
pub mod row;
pub mod salutation;
pub mod sealed;
pub mod search;
pub mod statistics;
pub mod store;
pub mod substitute_notice;
pub mod target;
pub mod unreachable;
mod validate;
pub mod warning;
pub mod whom;
pub mod withdraw;
pub mod write;
