//! What becomes of codes that are out: another letter, codes taken back, the lineage of a person's codes.

pub mod grpc;
pub mod lineage;
pub mod reissue;
pub mod reissue_limits;
pub mod revoke;
pub mod revoke_store;
