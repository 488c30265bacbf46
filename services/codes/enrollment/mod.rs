//! Enrollments: from a letter code to the partner's outcome.

pub mod begin;
pub mod cancel;
pub mod check;
pub mod complete;
pub mod completion;
pub mod eligibility;
pub mod grpc;
pub mod look_up;
pub mod next_step;
pub mod outcome_store;
pub mod outcomes;
pub mod read;
pub mod state;
pub mod store;
pub mod throttles;
