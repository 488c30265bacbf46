//! Batches of letter codes: issued, approved for export, exported, sealed.

pub mod approval;
pub mod approval_store;
pub mod approve;
pub mod code_store;
pub mod export;
pub mod grpc;
pub mod issue;
pub mod printable;
pub mod rewrap;
pub mod seal;
pub mod state;
pub mod store;
