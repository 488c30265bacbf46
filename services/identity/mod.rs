//! The process `identity-verification`: the roster of affected people, and who is who.
//!
//! It knows who an individual is, and never which code is theirs: codes are the enrollment process's.
//!
//! Imports run down this list and never up: [`serve`](mod@serve), [`settings`], [`grpc`]; [`referral`]; [`notice`]; [`correction`]; [`verification`]; [`mail`];
//! [`roster`]; [`disclosure`]; [`context`]; [`sender`], [`rules`], [`refusal_grid`], [`error`]; [`matching`], which is pure.

pub mod context;
pub mod correction;
pub mod disclosure;
pub mod error;
pub mod grpc;
pub mod mail;
pub mod matching;
pub mod notice;
pub mod referral;
pub mod refusal_grid;
pub mod review;
pub mod roster;
pub mod rules;
pub mod sender;
pub mod serve;
pub mod settings;
pub mod verification;

pub use context::Context;
pub use error::Error;
pub use serve::{run, serve};
pub use settings::Settings;
