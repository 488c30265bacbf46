//! Notices of proofing: who was verified and enrolled is told of it at another contact known before, and can repudiate it (NIST SP
//! 800-63A-4). That freezes the enrollment: the verification is REFUSED, and `enrollment-codes` cancels what was ordered with it. Whose
//! term is over is told of that, too.

mod addressee;
pub mod grpc;
pub mod list;
mod metrics;
pub mod repudiate;
pub mod send;
mod store;
pub mod term_over;
mod term_over_store;
pub mod token;
