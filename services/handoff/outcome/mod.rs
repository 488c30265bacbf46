//! What partners report about handoffs, by answers and by calls of their own, and what follows from it.

pub mod apply_status;
pub mod convert;
pub(crate) mod grpc;
pub mod kept_verdicts;
pub mod report;
pub mod resubmit;
pub mod settle;
