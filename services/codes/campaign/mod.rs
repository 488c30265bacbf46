//! Campaigns: one breach and its remedy.

pub mod campaign_cache;
pub mod close;
pub mod create;
pub mod expected_referrals;
pub mod grpc;
pub mod read;
pub mod state;
pub mod store;
pub mod term;
pub mod update;
