//! What the pure machines of campaigns, batches, codes and enrollments have in common.
//!
//! Their states are the enums of the entities. `on` is the only way from one state to the next. The stores repeat the same
//! rule as a condition of their UPDATE, and demand that exactly one row was changed.

/// Says that an event does not fit a state. Both names are constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{event} does not fit {from}")]
pub struct Forbidden {
    /// The state.
    pub from: &'static str,
    /// The event.
    pub event: &'static str,
}
