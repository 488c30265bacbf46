//! What the sandbox bureau does at Redress by itself: it calls under its partner's certificate, or exchanges files.

pub mod files;
pub mod pull;
pub mod report;
