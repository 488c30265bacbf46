//! The closed sets of an enrollment as the contract has them: a match each, and its inverse by trying every value.

use sea_orm::Iterable;

use crate::db::entities::coverage;
use crate::db::entities::enrollment::{CancelReason, State};
use crate::wire::redress::enrollment::v1 as wire;

use super::state::Shown;

/// Gives a state as the contract has it.
pub const fn state_to_wire(shown: Shown) -> wire::EnrollmentState {
    match shown {
        Shown::Verified => wire::EnrollmentState::Verified,
        Shown::Stored(State::Started) => wire::EnrollmentState::Started,
        Shown::Stored(State::Submitted) => wire::EnrollmentState::Submitted,
        Shown::Stored(State::Active) => wire::EnrollmentState::Active,
        Shown::Stored(State::PartlyActive) => wire::EnrollmentState::PartlyActive,
        Shown::Stored(State::ActionRequired) => wire::EnrollmentState::ActionRequired,
        Shown::Stored(State::Refused) => wire::EnrollmentState::Refused,
        Shown::Stored(State::Suspended) => wire::EnrollmentState::Suspended,
        Shown::Stored(State::Ended) => wire::EnrollmentState::Ended,
        Shown::Stored(State::CancelPending) => wire::EnrollmentState::CancelPending,
        Shown::Stored(State::Canceled) => wire::EnrollmentState::Canceled,
    }
}

/// Gives a coverage's state as the contract has it.
pub const fn coverage_to_wire(state: coverage::State) -> wire::CoverageState {
    match state {
        coverage::State::Submitted => wire::CoverageState::Submitted,
        coverage::State::Active => wire::CoverageState::Active,
        coverage::State::ActionRequired => wire::CoverageState::ActionRequired,
        coverage::State::Refused => wire::CoverageState::Refused,
        coverage::State::Suspended => wire::CoverageState::Suspended,
        coverage::State::Ended => wire::CoverageState::Ended,
        coverage::State::CancelPending => wire::CoverageState::CancelPending,
        coverage::State::Canceled => wire::CoverageState::Canceled,
    }
}

/// Gives the reason of a cancellation as the contract has it.
pub const fn reason_to_wire(reason: CancelReason) -> wire::CancelReason {
    match reason {
        CancelReason::PersonAsked => wire::CancelReason::PersonAsked,
        CancelReason::WrongPerson => wire::CancelReason::WrongPerson,
        CancelReason::Fraud => wire::CancelReason::Fraud,
        CancelReason::Duplicate => wire::CancelReason::Duplicate,
        CancelReason::Partner => wire::CancelReason::Partner,
        CancelReason::Other => wire::CancelReason::Other,
    }
}

/// Reads the reason of a cancellation. That a partner ended it is none that a caller gives.
pub fn reason_of(reason: wire::CancelReason) -> Option<CancelReason> {
    CancelReason::iter()
        .filter(|known| *known != CancelReason::Partner)
        .find(|known| reason_to_wire(*known) == reason)
}
