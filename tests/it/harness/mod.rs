//! What the tests stand on.

pub mod canary;
pub mod carriers;
pub mod child;
pub mod clients;
pub mod clocks;
pub mod cluster;
pub mod confirm;
pub mod contract;
pub mod database;
pub mod faulty;
pub mod fill;
pub mod folder;
pub mod front_ends;
pub mod http;
pub mod logs;
pub mod mail_server;
pub mod missing;
pub mod one_coverage;
pub mod person;
pub mod plans;
pub mod poll;
pub mod ports;
mod postgres;
pub mod processes;
pub mod program;
pub mod raw;
pub mod roster;
mod row;
mod sqlite;
pub mod strangers;
pub mod tiny_disk;
pub mod walk;

pub use database::Database;
pub(crate) use database::both;
pub use rstest_reuse::apply;
