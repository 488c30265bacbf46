//! The process `identity-verification`: the roster of affected people, and who is who.

pub mod matching;
pub mod roster;
