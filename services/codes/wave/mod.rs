//! Waves: parts of a mailing, each with its own last day to enroll.

pub mod begun_enrollments;
pub mod create;
pub mod extend;
pub mod grpc;
pub mod state;
pub mod store;
