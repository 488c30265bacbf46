//! The closed sets of a handoff as the contract has them: a match each, and its inverse by trying every value.

use sea_orm::Iterable;

use crate::db::entities::handoff::{CancelReason, Kind, State};
use crate::db::entities::handoff_projection::{Action, Changed};
use crate::wire::redress::bureau::v1::{
    CancellationReason, HandoffKind, ProjectionAction, ProjectionChange,
};
use crate::wire::redress::handoff::v1 as wire;

/// Gives a kind as the contract has it: a second order to enroll under one id is an update of that order.
pub(crate) const fn kind_to_wire(kind: Kind, order_attempt: i32) -> HandoffKind {
    match kind {
        Kind::Enroll if order_attempt > 1 => HandoffKind::Update,
        Kind::Enroll => HandoffKind::Enroll,
        Kind::Cancel => HandoffKind::Cancel,
        Kind::Extend => HandoffKind::Extend,
        Kind::Restore => HandoffKind::Restore,
        Kind::UpdatePerson => HandoffKind::UpdatePerson,
    }
}

/// Gives why something is canceled as the contract has it.
pub(crate) const fn reason_to_wire(reason: Option<CancelReason>) -> CancellationReason {
    match reason {
        None => CancellationReason::Unspecified,
        Some(CancelReason::Withdrawn) => CancellationReason::Withdrawn,
        Some(CancelReason::Moved) => CancellationReason::Moved,
        Some(CancelReason::TermOver) => CancellationReason::TermOver,
    }
}

/// Gives a state as the contract has it.
pub(crate) const fn state_to_wire(state: State) -> wire::HandoffState {
    match state {
        State::Queued => wire::HandoffState::Queued,
        State::Leased => wire::HandoffState::Leased,
        State::Unsettled => wire::HandoffState::Unsettled,
        State::Accepted => wire::HandoffState::Accepted,
        State::Active => wire::HandoffState::Active,
        State::ActionRequired => wire::HandoffState::ActionRequired,
        State::Refused => wire::HandoffState::Refused,
        State::Suspended => wire::HandoffState::Suspended,
        State::Ended => wire::HandoffState::Ended,
        State::Canceled => wire::HandoffState::Canceled,
        State::Dead => wire::HandoffState::Dead,
    }
}

/// Reads a state.
pub(crate) fn state_of(state: wire::HandoffState) -> Option<State> {
    State::iter().find(|known| state_to_wire(*known) == state)
}

/// Gives what was done to a field to fit the partner's.
pub(crate) fn change_to_wire(change: Changed) -> ProjectionChange {
    let action = match change.action {
        Action::Folded => ProjectionAction::Folded,
        Action::Cut => ProjectionAction::Cut,
    };
    ProjectionChange {
        field: change.field,
        action: action.into(),
    }
}
