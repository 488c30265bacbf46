//! What happens to letters: mailed, returned, address corrected, mailed again.
//!
//! The mail house and the postal service say so and an operator records it, [`record`]ing up to 1,000 events a call. Each is
//! judged by itself ([`event`]), then against what is known of the person ([`plan`]): whether the person can be written to
//! follows from the history alone ([`history`]), in whatever order it was recorded.

pub mod event;
pub mod grpc;
pub mod history;
pub mod list;
pub mod plan;
pub mod record;
pub mod refusal;
pub mod store;
pub mod words;
