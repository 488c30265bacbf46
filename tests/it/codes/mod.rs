//! The process `enrollment-codes`, on both databases, with a clock that stands still.

mod approvals;
mod begin;
mod callers;
mod campaigns;
mod complete;
mod crowd;
mod doors;
mod guesses;
mod house;
mod issue;
mod outbox;
mod outcomes;
mod plans;
mod refusals;
mod reissue;
mod report;
mod revoke;
mod rush;
mod sealing;
mod states;
mod throttles;
mod vectors;
mod waves;
mod withheld;
