//! What any program does with the services: finding them, reading their lists, the streams of roster and letters.

pub mod campaign;
pub mod connect;
pub mod convert;
pub mod enrollment;
pub mod mailing;
pub mod problem;
pub mod roster;
