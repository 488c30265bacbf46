//! What happens to letters: mailed, returned, address corrected, mailed again.
//!
//! The mail house and the postal service report it and an operator records it, up to 1,000 events a call ([`record`]). Each
//! event is judged by itself ([`event`]), then against what is known of the person ([`plan`]). Whether a letter can be sent to
//! the person follows from the history alone ([`history`]), in whatever order it was recorded.

pub mod event;
pub mod grpc;
pub mod history;
pub mod list;
pub mod plan;
pub mod record;
pub mod refusal;
pub mod store;
