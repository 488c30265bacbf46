//! What becomes of codes that are out: another letter, codes taken back, the codes of a person.

pub mod begun;
pub mod by_code;
pub mod grpc;
pub mod guardian;
pub mod list;
pub mod order_store;
pub mod orders;
pub mod reissue;
pub mod reissue_limits;
pub mod revocation;
pub mod revoke;
pub mod revoke_store;
pub mod store;
pub mod whose;
