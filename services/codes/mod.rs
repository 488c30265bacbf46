//! The process `enrollment-codes`: campaigns, code batches, codes, enrollments and consent.

pub mod code;
pub mod next_step;
pub mod state;
pub mod term;
