//! The process `enrollment-codes`, on both databases, with a clock that stands still.

mod begin;
mod callers;
mod campaigns;
mod complete;
mod house;
mod issue;
mod outcomes;
mod refusals;
mod reissue;
mod report;
mod revoke;
mod sealing;
mod throttles;
mod vectors;
mod waves;
