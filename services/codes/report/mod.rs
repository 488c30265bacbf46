//! The funnel, whole and in slices.

pub mod count;
pub mod days;
pub mod funnel;
pub mod grpc;
pub mod slices;
pub mod store;
