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

/// Decides in which state a verification begins, and why it is referred if a person must review it.
pub fn decide(
    decision: Decision,
    subject: Option<Subject>,
    fresh_letter: bool,
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
    match (decision, population) {
        (Decision::Refuse, _) | (_, Population::Deceased) => refused,
        (Decision::Accept | Decision::Refer, Population::Minor) => refer(Reason::Minor),
        (Decision::Refer, Population::Adult) => refer(Reason::ScoreBetweenThresholds),
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
        let (state, reason) = decide(decision, Some(subject), fresh, Timestamp::EPOCH);
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
        let nobody = decide(Accept, None, true, Timestamp::EPOCH);
        assert_eq!(nobody.0.state().as_str(), "REFUSED");
    }
}
