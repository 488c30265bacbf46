//! Handing over, on both databases, to the real sandbox bureau across mutual TLS.
//!
//! Time is by hand: a back-off, a lease or an overdue outcome passes when a test says so. Only time-outs of calls are real,
//! and short.

mod activation;
mod activation_import;
mod admin;
mod cancel;
mod circuits;
mod clocks;
mod correction;
mod crash;
mod files;
mod files_bad_days;
mod files_fixed;
mod forgotten;
mod http;
mod http_bad_days;
mod http_liar;
mod http_partner;
mod later;
mod lease;
mod lock_order;
mod measured;
mod observe;
mod one_person;
mod out_of_order;
mod partner;
mod plans;
mod projected;
mod pull;
mod push;
mod queues;
pub mod reconciliation;
mod resubmission;
mod retention;
mod running;
mod said;
mod seed;
pub mod serving;
mod supplement;
mod update_person;
mod withdrawn;
pub mod world;
