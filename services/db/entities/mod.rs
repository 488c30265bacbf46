//! The tables as types, one file a table. States and kinds are text here; the services' `state.rs` gives them meaning.

pub mod audit_event;
pub mod campaign;
pub mod campaign_key;
pub mod code;
pub mod code_batch;
pub mod confirmation_code;
pub mod consent;
pub mod covered_entity;
pub mod enrollment;
pub mod export_approval;
pub mod handoff;
pub mod handoff_attempt;
pub mod idempotency;
pub mod individual;
pub mod individual_entity;
pub mod individual_index;
pub mod mail_event;
pub mod outcome;
pub mod partner;
pub mod product;
pub mod referral;
pub mod roster_import;
pub mod throttle;
pub mod verification;
pub mod wave;
pub mod wave_member;
