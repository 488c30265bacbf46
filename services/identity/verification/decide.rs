//! What a comparison means for the person. Pure.

use crate::identity::matching::policy::Decision;
use crate::identity::roster::population::Population;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::IndividualId;

use super::state::{Verification, VerificationEvent};

/// Why a verification is referred to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferralReason {
    /// The score lies between the thresholds, or two people fit.
    ScoreBetweenThresholds,
    /// A confirmation is needed and no contact is on record.
    NoContactOnRecord,
    /// A minor: the guardian is verified by a person.
    Minor,
}

impl ReferralReason {
    /// Every reason.
    pub const ALL: [Self; 3] = [
        Self::ScoreBetweenThresholds,
        Self::NoContactOnRecord,
        Self::Minor,
    ];

    /// Gives the name in the column.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ScoreBetweenThresholds => "SCORE_BETWEEN_THRESHOLDS",
            Self::NoContactOnRecord => "NO_CONTACT_ON_RECORD",
            Self::Minor => "MINOR",
        }
    }

    /// Reads [`ReferralReason::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// What counts about the person who was compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The person.
    pub individual: IndividualId,
    /// Which rules apply.
    pub population: Population,
    /// Whether the roster has an e-mail address or a telephone.
    pub has_contact: bool,
}

/// Comes from the comparison to the state of the verification, and to the reason if a person must look.
pub fn settle(
    decision: Decision,
    subject: Option<Subject>,
    fresh_letter: bool,
    at: Timestamp,
) -> (Verification, Option<ReferralReason>) {
    let (event, reason) = event(decision, subject, fresh_letter, at);
    let state = Verification::Pending.on(event);
    (
        state.expect("every event of `event` fits a pending verification"),
        reason,
    )
}

fn event(
    decision: Decision,
    subject: Option<Subject>,
    fresh_letter: bool,
    at: Timestamp,
) -> (VerificationEvent, Option<ReferralReason>) {
    use VerificationEvent::{Accept, AskConfirmation, Refer, Refuse};
    let Some(Subject {
        individual,
        population,
        has_contact,
    }) = subject
    else {
        return (Refuse { at }, None);
    };
    let refer = |reason| (Refer { individual }, Some(reason));
    match (decision, population) {
        (Decision::Refuse, _) | (_, Population::Deceased) => (Refuse { at }, None),
        (Decision::Accept | Decision::Refer, Population::Minor) => refer(ReferralReason::Minor),
        (Decision::Refer, Population::Adult) => refer(ReferralReason::ScoreBetweenThresholds),
        (Decision::Accept, Population::Adult) if fresh_letter => (Accept { individual, at }, None),
        (Decision::Accept, Population::Adult) if has_contact => {
            (AskConfirmation { individual }, None)
        }
        (Decision::Accept, Population::Adult) => refer(ReferralReason::NoContactOnRecord),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let (state, reason) = settle(decision, Some(subject), fresh, Timestamp::EPOCH);
        format!(
            "{} {}",
            state.as_str(),
            reason.map_or("", ReferralReason::as_str)
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
        let nobody = settle(Accept, None, true, Timestamp::EPOCH);
        assert_eq!(nobody.0.as_str(), "REFUSED");
    }
}
