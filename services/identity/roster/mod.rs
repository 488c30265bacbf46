//! The list of affected people: loading it, reading it masked, and addressing letters.
//!
//! A row goes through three steps: [`row`] judges it by itself, [`prepare`] makes it ready to be written beside the write of
//! the batch before, [`settle`] writes a batch in one transaction: rows of [`newcomers`] at once, the others as they are planned
//! ([`plan`]) when the database has told what it holds about them ([`known`]).

mod batch;
pub mod change;
pub mod decrypt;
pub mod export;
pub mod facts;
pub mod flight;
pub mod get;
pub mod grpc;
pub mod import;
pub mod keys;
pub mod known;
pub mod locale;
pub mod merge;
pub mod newcomers;
pub mod plan;
pub mod prepare;
pub mod reader;
pub mod reject;
pub mod row;
pub mod salutation;
pub mod seen;
pub mod settle;
pub mod statistics;
pub mod store;
pub mod substitute_notice;
