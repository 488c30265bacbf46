//! What people mend or choose for their enrollments.

pub mod correct;
pub mod grpc;
mod store;
