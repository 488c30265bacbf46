//! Enrollments: from a letter code to the outcomes of its coverages.

pub mod begin;
pub mod begin_store;
pub mod cancel;
pub mod check;
pub mod complete;
pub mod completion;
pub mod convert;
pub mod coverage;
pub mod coverage_store;
pub mod eligibility;
pub mod end_terms;
pub mod grpc;
pub mod look_up;
pub mod order;
pub mod outcome_store;
pub mod outcomes;
pub mod reach;
pub mod read;
pub mod repudiations;
pub mod resubmit;
pub mod returning;
pub mod set_aside;
pub mod set_aside_store;
pub mod state;
pub mod store;
