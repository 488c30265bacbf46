//! Who is who: comparing claims with the roster, and confirmation codes.
//!
//! The comparison says that the claims are of a person on the roster; the factor says that this person is asking: a fresh
//! letter code, a one-time code to a contact that was on record before, or a second pair of eyes.

pub mod borne;
pub mod claim_network;
pub mod confirmation_code;
pub mod decide;
pub mod find;
pub mod get;
pub mod grpc;
pub mod guardian;
pub mod lost_letter;
pub mod of_age;
pub mod order_letter;
pub mod representative;
pub mod situation;
pub mod state;
pub mod store;
pub mod throttles;
pub mod verify;
pub mod view;
pub mod void;
