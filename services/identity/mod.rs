//! The process `identity-verification`: the roster of affected people, and who is who.

pub mod ctx;
pub mod error;
pub mod matching;
pub mod roster;
pub mod rules;
pub mod sender;
