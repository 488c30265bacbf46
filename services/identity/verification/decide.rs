//! What a comparison means for the verification. Pure.

use crate::db::entities::individual::Population;
use crate::db::entities::referral::Reason;
use crate::identity::matching::policy::Decision;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::IndividualId;

use super::state::Verification;

/// What counts about the person on the roster whom the claims were compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The person.
    pub individual: IndividualId,
    /// Which rules apply.
    pub population: Population,
    /// Whether the roster has an e-mail address or a telephone.
    pub has_contact: bool,
}

/// Who makes a claim, as far as it counts here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimant {
    /// The person, or somebody whose right to act has nothing to do with the person's age.
    Person,
    /// A parent or guardian of a child.
    Guardian {
        /// Whether they were verified on an entry of their own, at the child's address.
        is_proven: bool,
    },
}

/// What a claim came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// What the thresholds say.
    pub decision: Decision,
    /// Whether the letter's code still proves the address.
    pub fresh_letter: bool,
    /// Who makes it.
    pub claimant: Claimant,
}

/// Decides in which state a verification begins, and why it is referred if a person must review it.
pub fn decide(
    judged: Judged,
    subject: Option<Subject>,
    at: Timestamp,
) -> (Verification, Option<Reason>) {
    let refused = (Verification::Refused { decided_at: at }, None);
    let Some(Subject {
        individual,
        population,
        has_contact,
    }) = subject
    else {
        return refused;
    };
    let refer = |reason| (Verification::Referred { individual }, Some(reason));
    let verified = Verification::Verified {
        individual,
        decided_at: at,
    };
    let Judged {
        decision,
        fresh_letter,
        claimant,
    } = judged;
    let is_proven = claimant == (Claimant::Guardian { is_proven: true });
    match (decision, population) {
        (Decision::Refuse, _) | (_, Population::Deceased) => refused,
        (Decision::Accept, Population::Minor) if fresh_letter && is_proven => (verified, None),
        (Decision::Accept | Decision::Refer, Population::Minor) => refer(Reason::Minor),
        (Decision::Refer, Population::Adult) => refer(Reason::ScoreBetweenThresholds),
        (Decision::Accept, Population::Adult) if claimant != Claimant::Person => {
            refer(Reason::ScoreBetweenThresholds)
        }
        (Decision::Accept, Population::Adult) if fresh_letter => (verified, None),
        (Decision::Accept, Population::Adult) if has_contact => {
            (Verification::ConfirmationRequired { individual }, None)
        }
        (Decision::Accept, Population::Adult) => refer(Reason::NoContactOnRecord),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::entities::ClosedSet;
    use uuid::Uuid;

    fn outcome(
        decision: Decision,
        population: Population,
        has_contact: bool,
        fresh: bool,
    ) -> String {
        let individual = IndividualId::from_uuid(Uuid::from_u128(1));
        let subject = Subject {
            individual,
            population,
            has_contact,
        };
        let judged = Judged {
            decision,
            fresh_letter: fresh,
            claimant: Claimant::Person,
        };
        told(decide(judged, Some(subject), Timestamp::EPOCH))
    }

    fn told((state, reason): (Verification, Option<Reason>)) -> String {
        format!(
            "{} {}",
            state.state().as_str(),
            reason.map_or("", Reason::as_str)
        )
    }

    #[test]
    fn only_a_fresh_letter_spares_the_confirmation() {
        use Decision::{Accept, Refer, Refuse};
        use Population::{Adult, Deceased, Minor};
        assert_eq!(outcome(Accept, Adult, false, true), "VERIFIED ");
        assert_eq!(
            outcome(Accept, Adult, true, false),
            "CONFIRMATION_REQUIRED "
        );
        assert_eq!(
            outcome(Accept, Adult, false, false),
            "REFERRED NO_CONTACT_ON_RECORD"
        );
        assert_eq!(
            outcome(Refer, Adult, true, true),
            "REFERRED SCORE_BETWEEN_THRESHOLDS"
        );
        assert_eq!(outcome(Accept, Minor, true, true), "REFERRED MINOR");
        assert_eq!(outcome(Refer, Minor, true, true), "REFERRED MINOR");
        assert_eq!(outcome(Refuse, Minor, true, true), "REFUSED ");
        assert_eq!(outcome(Accept, Deceased, true, true), "REFUSED ");
        let judged = Judged {
            decision: Accept,
            fresh_letter: true,
            claimant: Claimant::Person,
        };
        let nobody = decide(judged, None, Timestamp::EPOCH);
        assert_eq!(nobody.0.state().as_str(), "REFUSED");
    }

    /// Everything that counts of a claim of a guardian must be so, and for an adult nothing of it is enough.
    #[test]
    fn a_guardian_is_enough_for_a_child_with_a_fresh_letter_alone() {
        use Decision::{Accept, Refer, Refuse};
        use Population::{Adult, Deceased, Minor};
        for decision in [Accept, Refer, Refuse] {
            for population in [Adult, Minor, Deceased] {
                for bits in 0..4 {
                    let (fresh_letter, is_proven) = (bits & 1 != 0, bits & 2 != 0);
                    let subject = Subject {
                        individual: IndividualId::from_uuid(Uuid::from_u128(1)),
                        population,
                        has_contact: true,
                    };
                    let judged = Judged {
                        decision,
                        fresh_letter,
                        claimant: Claimant::Guardian { is_proven },
                    };
                    let expected = match (decision, population) {
                        (Refuse, _) | (_, Deceased) => "REFUSED ",
                        (Accept, Minor) if fresh_letter && is_proven => "VERIFIED ",
                        (_, Minor) => "REFERRED MINOR",
                        (_, Adult) => "REFERRED SCORE_BETWEEN_THRESHOLDS",
                    };
                    let decided = decide(judged, Some(subject), Timestamp::EPOCH);
                    assert_eq!(told(decided), expected, "{judged:?} {population:?}");
                }
            }
        }
    }
}
