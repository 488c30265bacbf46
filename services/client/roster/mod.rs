//! The list of affected people: reading its file and sending it.

pub mod columns;
pub mod facts;
pub mod import;
pub mod imports;
pub mod reader;
pub mod rejects;
pub mod survey;
pub mod unreachable;
pub mod withdraw;
