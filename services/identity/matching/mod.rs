//! Tells whether two descriptions are of one person.
//!
//! Everything here is pure: text in, levels and weights out. Values are folded once ([`fold`]), compared field by field
//! ([`compare`]) into levels with weights ([`waterfall`]) and judged against the campaign's thresholds ([`policy`]). The score
//! means "this is the same person"; it never means "this is the person who is asking": after a breach everything that is
//! compared may be in a stranger's hands, so the proof is the letter or the code to a contact on record.
//!
//! The same mechanism with other weights tells whether two rows of a roster are one person ([`resolve`]).

pub mod address;
pub mod blind;
pub mod compare;
pub mod contact;
pub mod date;
pub mod evaluate;
pub mod fold;
pub mod frequency;
pub mod keys;
pub mod level;
pub mod mask;
pub mod nickname;
pub mod policy;
pub mod record;
pub mod resolve;
pub mod ssn;
pub mod street;
pub mod train;
pub mod waterfall;
pub mod weights;
