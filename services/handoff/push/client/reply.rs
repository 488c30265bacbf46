//! What one call to a partner came to.

use crate::handoff::push::circuit_breaker::Signal;
use crate::handoff::queue::retry_policy::{Failure, PartnerStatus};

/// What one call came to, before anything follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The partner says how the handoff stands.
    Status(PartnerStatus),
    /// The partner does not know the handoff.
    NotKnown,
    /// There is no status.
    Failed(Failure, Signal),
}
