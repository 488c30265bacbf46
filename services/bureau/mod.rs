//! The process `sandbox-bureau`.

pub mod book;
pub mod journal;
pub mod rules;
