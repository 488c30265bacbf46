//! Invented people, as covered entities list them.

pub mod dice;
pub mod entities;
pub mod labelled;
pub mod listing;
pub mod names;
pub mod person;
pub mod places;
pub mod roster;
pub mod shape;
pub mod ssn;
