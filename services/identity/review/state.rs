//! The machine of a review: OPEN -> MERGED | KEPT_APART -> OPEN.

use crate::db::entities::review::State;

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// They are one person.
    Merge,
    /// They are two people.
    KeepApart,
    /// The decision before was wrong.
    Reopen,
}

impl Decision {
    /// Gives the state that it leads to.
    pub const fn to(self) -> State {
        match self {
            Self::Merge => State::Merged,
            Self::KeepApart => State::KeptApart,
            Self::Reopen => State::Open,
        }
    }
}

/// Tells whether a decision can be taken in a state. Who decided otherwise before takes that back first.
pub const fn allows(state: State, decision: Decision) -> bool {
    match state {
        State::Open => matches!(decision, Decision::Merge | Decision::KeepApart),
        State::Merged | State::KeptApart => matches!(decision, Decision::Reopen),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_is_taken_once_and_can_be_taken_back() {
        for decision in [Decision::Merge, Decision::KeepApart] {
            assert!(allows(State::Open, decision));
            assert!(!allows(decision.to(), decision));
            assert!(allows(decision.to(), Decision::Reopen));
        }
        assert!(!allows(State::Open, Decision::Reopen));
        assert!(!allows(State::KeptApart, Decision::Merge));
    }
}
