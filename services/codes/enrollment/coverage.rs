//! The life of a coverage, and the state of an enrollment that follows from its coverages.
//!
//! What a partner decided comes as an outcome. The handoff process has ruled out what contradicts an earlier report, so that every
//! outcome holds until the coverage has come to an end. From an end, and from ACTIVE back to a person who must act, only a
//! correction leads: an outcome with a higher revision. CANCELED is never left, and a cancellation that was asked for is only
//! confirmed.

use crate::db::entities::coverage::State;
use crate::db::entities::enrollment;
use crate::db::entities::outcome::{Decision, OutcomeClass};

/// Gives the state after an outcome; none where the outcome does not fit. `is_correction`: it has a higher revision than what was
/// known.
pub fn decided(state: State, decision: Decision, is_correction: bool) -> Option<State> {
    let to = match decision {
        Decision::Active => State::Active,
        Decision::ActionRequired(_) => State::ActionRequired,
        Decision::Refused(_) => State::Refused,
        Decision::Suspended => State::Suspended,
        Decision::Ended => State::Ended,
        Decision::Canceled => State::Canceled,
    };
    let fits = match state {
        State::Submitted | State::ActionRequired | State::Suspended => true,
        State::Active => {
            is_correction || matches!(to, State::Suspended | State::Ended | State::Canceled)
        }
        State::Refused | State::Ended => is_correction,
        State::CancelPending => to == State::Canceled,
        State::Canceled => false,
    };
    fits.then_some(to)
}

/// Gives why a coverage is not active, as a caller is told it. That an alert stands on a file, or that a number belongs to
/// somebody else, is not for everybody who has the letter.
pub fn told_class(class: Option<OutcomeClass>, is_public: bool) -> Option<OutcomeClass> {
    match class {
        Some(OutcomeClass::VictimAlert | OutcomeClass::SsnMismatch) if is_public => {
            Some(OutcomeClass::Other)
        }
        class => class,
    }
}

/// Tells whether a coverage has come to its end.
pub const fn is_over(state: State) -> bool {
    matches!(state, State::Refused | State::Ended | State::Canceled)
}

/// Gives the state of a submitted enrollment with these coverages.
pub fn enrollment_of(coverages: &[State]) -> enrollment::State {
    use enrollment::State as Whole;
    let any = |wanted: State| coverages.contains(&wanted);
    let mut left = coverages.iter().filter(|state| **state != State::Canceled);
    if any(State::CancelPending) {
        Whole::CancelPending
    } else if left.clone().next().is_none() {
        Whole::Canceled
    } else if any(State::Active) {
        let whole = left.all(|state| matches!(state, State::Active | State::Ended));
        if whole {
            Whole::Active
        } else {
            Whole::PartlyActive
        }
    } else if any(State::ActionRequired) {
        Whole::ActionRequired
    } else if any(State::Submitted) {
        Whole::Submitted
    } else if any(State::Suspended) {
        Whole::Suspended
    } else if any(State::Ended) {
        Whole::Ended
    } else {
        Whole::Refused
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::Iterable;

    use super::*;
    use crate::db::entities::ClosedSet;
    use crate::db::entities::outcome::OutcomeClass::NoHit;

    const DECISIONS: [Decision; 6] = [
        Decision::Active,
        Decision::ActionRequired(NoHit),
        Decision::Refused(NoHit),
        Decision::Suspended,
        Decision::Ended,
        Decision::Canceled,
    ];

    fn table(is_correction: bool) -> Vec<String> {
        let row = |state: State| {
            let next = DECISIONS.map(|it| decided(state, it, is_correction));
            let next = next.map(|to| to.map_or("-", State::as_str));
            format!("{}: {}", state.as_str(), next.join(" "))
        };
        State::iter().map(row).collect()
    }

    #[test]
    fn the_whole_table_is_this() {
        let all = "ACTIVE ACTION_REQUIRED REFUSED SUSPENDED ENDED CANCELED";
        assert_eq!(
            table(false),
            [
                &format!("SUBMITTED: {all}"),
                "ACTIVE: - - - SUSPENDED ENDED CANCELED",
                &format!("ACTION_REQUIRED: {all}"),
                "REFUSED: - - - - - -",
                &format!("SUSPENDED: {all}"),
                "ENDED: - - - - - -",
                "CANCEL_PENDING: - - - - - CANCELED",
                "CANCELED: - - - - - -",
            ]
        );
    }

    #[test]
    fn a_correction_leads_out_of_every_end_but_a_cancellation() {
        let all = "ACTIVE ACTION_REQUIRED REFUSED SUSPENDED ENDED CANCELED";
        for row in table(true) {
            let expected = match row.split_once(':').unwrap().0 {
                "CANCELED" => "- - - - - -",
                "CANCEL_PENDING" => "- - - - - CANCELED",
                _ => all,
            };
            assert!(row.ends_with(expected), "{row}");
        }
    }

    #[test]
    fn an_enrollment_stands_as_its_coverages_do() {
        use State::*;
        use enrollment::State as Whole;
        for (coverages, whole) in [
            (vec![Submitted, Submitted], Whole::Submitted),
            (vec![Active, Active], Whole::Active),
            (vec![Active, ActionRequired], Whole::PartlyActive),
            (vec![Active, Submitted], Whole::PartlyActive),
            (vec![Active, Refused], Whole::PartlyActive),
            (vec![Active, Suspended], Whole::PartlyActive),
            (vec![Active, Ended], Whole::Active),
            (vec![Active, Canceled], Whole::Active),
            (vec![ActionRequired, Submitted], Whole::ActionRequired),
            (vec![Refused, Submitted], Whole::Submitted),
            (vec![Refused, Refused], Whole::Refused),
            (vec![Refused, Canceled], Whole::Refused),
            (vec![Refused, Ended], Whole::Ended),
            (vec![Suspended, Ended], Whole::Suspended),
            (vec![Ended, Ended], Whole::Ended),
            (vec![CancelPending, Active], Whole::CancelPending),
            (vec![CancelPending, Canceled], Whole::CancelPending),
            (vec![Canceled, Canceled], Whole::Canceled),
        ] {
            assert_eq!(enrollment_of(&coverages), whole, "{coverages:?}");
        }
    }
}
