//! What the sandbox bureau calls at Redress, under its partner's certificate.

pub mod pull;
pub mod report;
