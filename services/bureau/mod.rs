//! The process `sandbox-bureau`: a partner bureau's stand-in.
//!
//! It implements what a partner implements, over the same kernel, as a program of its own: tests and demonstrations hand
//! over to it across mutual TLS and check Redress against its book. What happens to each person is in [`rules`]; its memory is a
//! journal that survives SIGKILL.
//!
//! As a PUSH partner it is called, answers "accepted", and reports the outcome by itself. As a PULL partner it opens the
//! stream, books, acknowledges and reports. As a FILE partner it takes files of orders and answers with files. As an HTTP partner it has a
//! REST API of its own, which reports nothing by itself.

pub mod book;
pub mod client;
pub mod desk;
pub mod digest;
pub mod entry;
pub mod grpc;
pub mod journal;
pub mod rest;
pub mod rules;
pub mod script;
mod serve;
pub mod settings;

pub use serve::{builder, run};
pub use settings::Settings;
