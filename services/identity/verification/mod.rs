//! Who is who: comparing claims with the roster, confirmation codes, and cases that a person reviews.
//!
//! The comparison says that the claims are of a person on the roster; the factor says that this person is asking: a fresh
//! letter code, a one-time code to a contact that was on record before, or a second pair of eyes.

pub mod confirm;
pub mod decide;
pub mod find;
pub mod read;
pub mod send;
pub mod state;
pub mod store;
pub mod throttles;
pub mod verify;
pub mod view;
