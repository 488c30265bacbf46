//! The tables as types, one file a table.
//!
//! A column with a closed set of values is an enum beside its entity. Its names stand once, as `rename_all` writes them: in the
//! column, in the contract, in audit events, metrics and reports. A stored value that is none of them is an
//! [`Error::Corrupt`](super::Error::Corrupt), answered as DATA_CORRUPT.

pub mod activation_code;
pub mod activation_pool;
pub mod audit_event;
pub mod campaign;
pub mod campaign_key;
pub mod code;
pub mod code_batch;
pub mod confirmation_code;
pub mod consent;
pub mod consent_text;
pub mod coverage;
pub mod covered_entity;
pub mod enrollment;
pub mod evidence;
pub mod export_approval;
pub mod front_ends;
pub mod handoff;
pub mod handoff_attempt;
pub mod handoff_file;
pub mod handoff_projection;
pub mod idempotency;
pub mod individual;
pub mod individual_entity;
pub mod individual_history;
pub mod individual_index;
pub mod invoice_check;
pub mod invoice_line;
pub mod key_fingerprint;
pub mod letter_order;
pub mod mail_event;
pub mod manifest;
pub mod open_circuit;
pub mod outcome;
pub mod partner;
pub mod product;
pub mod reconciliation;
pub mod reconciliation_difference;
pub mod reconciliation_entry;
pub mod referral;
pub mod representative;
pub mod restoration;
pub mod resubmission;
pub mod review;
pub mod revocation;
pub mod roster_import;
pub mod supplement;
pub mod term_notice;
pub mod throttle;
pub mod verification;
pub mod wave;
pub mod wave_member;

/// A value of a closed set.
pub trait ClosedSet: Copy + Into<&'static str> {
    /// Gives the name as it stands in the column.
    fn as_str(self) -> &'static str {
        self.into()
    }
}

impl<T: sea_orm::ActiveEnum + Copy + Into<&'static str>> ClosedSet for T {}
