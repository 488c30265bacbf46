//! The machine of a referral: OPEN -> APPROVED | DENIED.

use crate::db::entities::referral::{DecisionReason, State};

/// How a referral is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// The person is who they say.
    Approved,
    /// Not enough to say so.
    Denied,
}

impl From<Ruling> for State {
    fn from(ruling: Ruling) -> Self {
        match ruling {
            Ruling::Approved => Self::Approved,
            Ruling::Denied => Self::Denied,
        }
    }
}

/// Why a referral cannot be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecidable {
    /// It was decided before.
    #[error("the referral was decided")]
    Decided,
    /// Who asked may not decide.
    #[error("a second person is required")]
    SamePerson,
}

impl Ruling {
    /// Tells whether a reason goes with the ruling, given whether documents were seen.
    pub const fn fits(self, reason: DecisionReason, has_documents: bool) -> bool {
        match reason {
            DecisionReason::DocumentsSeen => has_documents && matches!(self, Self::Approved),
            DecisionReason::RecordCorrected => matches!(self, Self::Approved),
            DecisionReason::NotThePerson | DecisionReason::NotEnoughEvidence => {
                matches!(self, Self::Denied)
            }
            DecisionReason::Other => true,
        }
    }
}

/// Decides a referral, if it is open and the reviewer is not who asked.
pub fn decide(
    state: State,
    ruling: Ruling,
    opened_by: &str,
    reviewer: &str,
) -> Result<State, Undecidable> {
    match state {
        State::Open if opened_by == reviewer => Err(Undecidable::SamePerson),
        State::Open => Ok(ruling.into()),
        State::Approved | State::Denied => Err(Undecidable::Decided),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_goes_with_its_ruling() {
        use DecisionReason as R;
        assert!(Ruling::Approved.fits(R::DocumentsSeen, true));
        assert!(!Ruling::Approved.fits(R::DocumentsSeen, false));
        assert!(!Ruling::Denied.fits(R::DocumentsSeen, true));
        assert!(Ruling::Approved.fits(R::RecordCorrected, false));
        assert!(!Ruling::Approved.fits(R::NotThePerson, true));
        assert!(Ruling::Denied.fits(R::NotEnoughEvidence, true));
        assert!(Ruling::Denied.fits(R::Other, false) && Ruling::Approved.fits(R::Other, false));
    }

    #[test]
    fn a_referral_is_decided_once_and_by_another() {
        let decided = decide(State::Open, Ruling::Approved, "portal/one", "operator/ann").unwrap();
        assert_eq!(decided, State::Approved);
        assert_eq!(
            decide(decided, Ruling::Denied, "portal/one", "operator/bob"),
            Err(Undecidable::Decided)
        );
        assert_eq!(
            decide(State::Open, Ruling::Approved, "a", "a"),
            Err(Undecidable::SamePerson)
        );
    }
}
