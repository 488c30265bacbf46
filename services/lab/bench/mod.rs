//! How fast the real processes are, beside the least that the same work costs the database, how well they tell people
//! apart, and how well and how soon they decide who somebody is.
//!
//! A speed by itself says as much about the machine as about the program. So each round measures both on fresh databases,
//! the system first and then its floor: the rows that the system wrote, loaded and read by the database alone. Rounds follow each
//! other, what else the machine does meets both, and medians are compared.

pub mod at_once;
pub mod campaign;
pub mod claims;
pub mod crashes;
pub mod databases;
pub mod drain;
pub mod files;
pub mod floor;
pub mod letters;
mod queue;
pub mod refusals;
pub mod report;
pub mod resolution;
pub mod scratch;
pub mod verify;
