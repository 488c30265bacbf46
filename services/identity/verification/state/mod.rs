//! The pure machines of a verification, a confirmation code and a referral.
//!
//! `on` is the only way from one state to the next. The stores repeat the same rule as a condition of their UPDATE, and
//! demand that exactly one row was changed.

mod confirmation;
mod verification;

pub use confirmation::{Confirmation, ConfirmationEvent};
pub use verification::{Forbidden, Verification, VerificationEvent};
