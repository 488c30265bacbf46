//! What happens, one file a verb.

pub mod approve;
pub mod begin;
pub mod campaigns;
pub mod cancel;
pub mod complete;
pub mod enrollments;
pub mod export;
pub mod extend;
pub mod issue;
pub mod reissue;
pub mod report;
pub mod revoke;
pub mod seal;
pub mod waves;
