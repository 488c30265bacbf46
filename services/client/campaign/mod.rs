//! Campaigns.

pub mod file;
