//! The machine of a referral: OPEN -> (ENDORSED ->) APPROVED | DENIED.
//!
//! Two different people stand behind an approval. Whoever took the claim of somebody in front of them, as an agent, is one of them, and
//! another one approves. A claim that came from a page was seen by nobody, so two people approve one after the other.

use crate::db::entities::referral::{DecisionReason, State};
use crate::identity::verification::claim_network::Origin;
use crate::kernel::caller::Role;

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
    /// Another person must do it.
    #[error("a second person is required")]
    SecondPerson(Barred),
}

/// Why somebody may not decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barred {
    /// They took the claim.
    TookTheClaim,
    /// They approved it before.
    Endorsed,
    /// The claim was made from their network.
    SameNetwork,
    /// It is not known from which network they call.
    UnknownNetwork,
}

/// A referral as far as it matters who decides it.
#[derive(Clone, Copy, Debug)]
pub struct Referral<'a> {
    /// Where it stands.
    pub state: State,
    /// Who took the claim: role, caller and agent.
    pub opened_by: &'a str,
    /// Who approved it first.
    pub endorsed_by: Option<&'a str>,
}

/// Whoever decides.
#[derive(Clone, Copy, Debug)]
pub struct Reviewer<'a> {
    /// Role, caller and agent.
    pub actor: &'a str,
    /// Where they call from, seen from a claim that was made on a page.
    pub origin: Origin,
}

impl Barred {
    /// Says who may.
    pub const fn way_on(self) -> &'static str {
        match self {
            Self::TookTheClaim => {
                "you took this claim: another agent, or an operator, must decide it"
            }
            Self::Endorsed => {
                "you have approved this already: another agent, or an operator, must approve it too"
            }
            Self::SameNetwork => {
                "the claim was made from your network: somebody in another network must approve it"
            }
            Self::UnknownNetwork => {
                "the claim was made on a page: say with x-redress-network from which network the agent approves it, or an operator must"
            }
        }
    }
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

impl Referral<'_> {
    /// Gives how many more people must approve.
    pub fn approvals_left(&self) -> u8 {
        match self.state {
            State::Open if is_from_a_page(self.opened_by) => 2,
            State::Open | State::Endorsed => 1,
            State::Approved | State::Denied => 0,
        }
    }

    /// Decides the referral, if it is undecided and the reviewer may.
    pub fn decide(&self, ruling: Ruling, by: Reviewer<'_>) -> Result<State, Undecidable> {
        let left = self.approvals_left();
        if left == 0 {
            return Err(Undecidable::Decided);
        }
        if self.opened_by == by.actor {
            return Err(Undecidable::SecondPerson(Barred::TookTheClaim));
        }
        match ruling {
            Ruling::Approved if by.origin == Origin::SameNetwork => {
                Err(Undecidable::SecondPerson(Barred::SameNetwork))
            }
            Ruling::Approved if by.origin == Origin::Unknown => {
                Err(Undecidable::SecondPerson(Barred::UnknownNetwork))
            }
            Ruling::Approved if self.endorsed_by == Some(by.actor) => {
                Err(Undecidable::SecondPerson(Barred::Endorsed))
            }
            Ruling::Approved if left > 1 => Ok(State::Endorsed),
            Ruling::Approved | Ruling::Denied => Ok(ruling.into()),
        }
    }
}

fn is_from_a_page(opened_by: &str) -> bool {
    opened_by.split('/').next() == Some(Role::Portal.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(opened_by: &str) -> Referral<'_> {
        Referral {
            state: State::Open,
            opened_by,
            endorsed_by: None,
        }
    }

    fn by(actor: &str) -> Reviewer<'_> {
        Reviewer {
            actor,
            origin: Origin::Elsewhere,
        }
    }

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
    fn what_an_agent_took_one_other_person_approves() {
        let taken = case("call-center/desk/ann");
        assert_eq!(taken.approvals_left(), 1);
        for ruling in [Ruling::Approved, Ruling::Denied] {
            let own = taken.decide(ruling, by("call-center/desk/ann"));
            assert_eq!(own, Err(Undecidable::SecondPerson(Barred::TookTheClaim)));
        }
        for other in ["call-center/desk/bob", "operator/cid"] {
            let approved = taken.decide(Ruling::Approved, by(other));
            assert_eq!(approved, Ok(State::Approved));
        }
    }

    #[test]
    fn what_a_page_took_two_people_approve_and_either_denies() {
        let claimed = case("portal/web");
        assert_eq!(claimed.approvals_left(), 2);
        let first = claimed.decide(Ruling::Approved, by("call-center/desk/ann"));
        assert_eq!(first, Ok(State::Endorsed));
        let endorsed = Referral {
            state: State::Endorsed,
            endorsed_by: Some("call-center/desk/ann"),
            ..claimed
        };
        assert_eq!(endorsed.approvals_left(), 1);
        let again = endorsed.decide(Ruling::Approved, by("call-center/desk/ann"));
        assert_eq!(again, Err(Undecidable::SecondPerson(Barred::Endorsed)));
        let second = endorsed.decide(Ruling::Approved, by("call-center/desk/bob"));
        assert_eq!(second, Ok(State::Approved));
        for either in ["call-center/desk/ann", "call-center/desk/bob"] {
            assert_eq!(
                endorsed.decide(Ruling::Denied, by(either)),
                Ok(State::Denied)
            );
        }
    }

    #[test]
    fn nobody_approves_from_the_network_of_the_claim_or_from_nowhere() {
        for (origin, barred) in [
            (Origin::SameNetwork, Barred::SameNetwork),
            (Origin::Unknown, Barred::UnknownNetwork),
        ] {
            let reviewer = Reviewer {
                origin,
                ..by("call-center/desk/ann")
            };
            let approved = case("portal/web").decide(Ruling::Approved, reviewer);
            assert_eq!(approved, Err(Undecidable::SecondPerson(barred)));
            let denied = case("portal/web").decide(Ruling::Denied, reviewer);
            assert_eq!(denied, Ok(State::Denied));
        }
    }

    #[test]
    fn a_referral_is_decided_once() {
        for state in [State::Approved, State::Denied] {
            let decided = Referral {
                state,
                ..case("portal/web")
            };
            assert_eq!(decided.approvals_left(), 0);
            for ruling in [Ruling::Approved, Ruling::Denied] {
                let again = decided.decide(ruling, by("operator/ann"));
                assert_eq!(again, Err(Undecidable::Decided));
            }
        }
    }
}
