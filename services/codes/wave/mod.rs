//! Waves: parts of a mailing, each with its own last day to enroll.

pub mod begun_enrollments;
pub mod create;
pub mod extend;
pub mod fresh;
pub mod grpc;
pub mod read;
pub mod record_mailing;
pub mod store;
