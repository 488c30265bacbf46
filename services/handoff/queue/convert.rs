//! The closed sets of a handoff as the contract has them: a match each, and its inverse by trying every value.

use sea_orm::Iterable;

use crate::db::entities::handoff::{Kind, State};
use crate::db::entities::outcome::OutcomeClass;
use crate::wire::redress::bureau::v1::OutcomeClass as WireClass;
use crate::wire::redress::handoff::v1 as wire;

/// Gives a kind as the contract has it.
pub(crate) const fn kind_to_wire(kind: Kind) -> wire::HandoffKind {
    match kind {
        Kind::Enroll => wire::HandoffKind::Enroll,
        Kind::Cancel => wire::HandoffKind::Cancel,
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
        State::Canceled => wire::HandoffState::Canceled,
        State::Dead => wire::HandoffState::Dead,
    }
}

/// Reads a state.
pub(crate) fn state_of(state: wire::HandoffState) -> Option<State> {
    State::iter().find(|known| state_to_wire(*known) == state)
}

/// Gives an outcome class as the contract has it.
pub(crate) const fn class_to_wire(class: Option<OutcomeClass>) -> WireClass {
    match class {
        None => WireClass::Unspecified,
        Some(OutcomeClass::InvalidInput) => WireClass::InvalidInput,
        Some(OutcomeClass::IdentityNotConfirmed) => WireClass::IdentityNotConfirmed,
        Some(OutcomeClass::NoHit) => WireClass::NoHit,
        Some(OutcomeClass::ThinFile) => WireClass::ThinFile,
        Some(OutcomeClass::FileFrozen) => WireClass::FileFrozen,
        Some(OutcomeClass::VictimAlert) => WireClass::VictimAlert,
        Some(OutcomeClass::SsnMismatch) => WireClass::SsnMismatch,
        Some(OutcomeClass::Deceased) => WireClass::Deceased,
        Some(OutcomeClass::Minor) => WireClass::Minor,
        Some(OutcomeClass::AlreadyEnrolled) => WireClass::AlreadyEnrolled,
        Some(OutcomeClass::ProductConfig) => WireClass::ProductConfig,
    }
}

/// Reads an outcome class.
pub(crate) fn class_of(class: WireClass) -> Option<OutcomeClass> {
    OutcomeClass::iter().find(|known| class_to_wire(Some(*known)) == class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_survive_both_ways() {
        for class in OutcomeClass::iter() {
            assert_eq!(class_of(class_to_wire(Some(class))), Some(class));
        }
        assert_eq!(class_of(class_to_wire(None)), None);
        let wire = (1..).map_while(|number| WireClass::try_from(number).ok());
        assert!(wire.map(class_of).all(|class| class.is_some()));
    }
}
