//! The life of a coverage, and the state of an enrollment that follows from its coverages.
//!
//! What a partner decided comes as an outcome. The handoff process has ruled out what contradicts an earlier report, so that every
//! outcome holds until the coverage has come to an end. From an end, and from ACTIVE back to a person who must act, only a
//! correction leads: an outcome with a higher revision. CANCELED is never left, and a cancellation that was asked for is only
//! confirmed.

use crate::db::entities::coverage::{Model as Coverage, State};
use crate::db::entities::enrollment;
use crate::db::entities::outcome::{Decision, OutcomeClass};
use crate::kernel::caller::Role;

/// The most orders of one coverage.
const MOST_ORDERS: i32 = 10;

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

/// Tells whether an outcome answers an order that another one has replaced: it needs nobody's attention then. That the coverage runs,
/// stopped or ended holds whichever order it was.
pub const fn is_outdated(order_attempt: i32, answered: i32, decision: Decision) -> bool {
    let asks = matches!(decision, Decision::ActionRequired(_) | Decision::Refused(_));
    asks && answered < order_attempt
}

/// Gives the state of a coverage that is ordered again; none where it cannot be.
pub const fn ordered_again(state: State) -> Option<State> {
    match state {
        State::ActionRequired | State::Refused => Some(State::Submitted),
        State::Submitted
        | State::Active
        | State::Suspended
        | State::Ended
        | State::CancelPending
        | State::Canceled => None,
    }
}

/// Tells whether a caller of this role may order a coverage again.
pub fn can_be_ordered_again(coverage: &Coverage, role: Role) -> bool {
    let may = |class| who_orders_again(class).contains(&role);
    ordered_again(coverage.state).is_some()
        && coverage.order_attempt < MOST_ORDERS
        && coverage.outcome_class.is_some_and(may)
}

/// Gives who can order again after an outcome (DOMAIN, "what handing off really meets"): nobody where the same order would come to the
/// same end.
const fn who_orders_again(class: OutcomeClass) -> &'static [Role] {
    match class {
        // The person mends or does something.
        OutcomeClass::InvalidInput | OutcomeClass::NoHit | OutcomeClass::FileFrozen => {
            &[Role::Portal, Role::CallCenter, Role::Operator]
        }
        // An agent has seen papers.
        OutcomeClass::IdentityNotConfirmed | OutcomeClass::VictimAlert => {
            &[Role::CallCenter, Role::Operator]
        }
        // An operator has looked into it.
        OutcomeClass::SsnMismatch | OutcomeClass::ProductConfig | OutcomeClass::Other => {
            &[Role::Operator]
        }
        OutcomeClass::ThinFile
        | OutcomeClass::Deceased
        | OutcomeClass::Minor
        | OutcomeClass::AlreadyEnrolled => &[],
    }
}

/// Tells whether a coverage has come to its end.
pub const fn is_over(state: State) -> bool {
    matches!(state, State::Refused | State::Ended | State::Canceled)
}

/// Tells whether a coverage has begun and not ended; its partner may have stopped it for a while.
pub const fn runs(state: State) -> bool {
    matches!(state, State::Active | State::Suspended)
}

/// Gives the state of a submitted enrollment with these coverages. One that moves to another partner counts once, where it runs: at the
/// partner that is left until the other one has taken it.
pub fn standing(coverages: &[&Coverage]) -> enrollment::State {
    let is_live = |id| {
        let mut others = coverages.iter();
        others.any(|other| other.id == id && !is_over(other.state))
    };
    let counts = |it: &&&Coverage| !it.replaces_coverage_id.is_some_and(is_live);
    let counting = coverages.iter().filter(counts);
    let states: Vec<State> = counting.map(|it| it.state).collect();
    enrollment_of(&states)
}

/// Gives the state of a submitted enrollment whose coverages stand like this.
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
    fn who_may_order_again_follows_from_the_class() {
        let table: Vec<String> = OutcomeClass::iter()
            .map(|class| {
                let roles = who_orders_again(class).iter().map(|role| role.as_str());
                format!(
                    "{}: {}",
                    class.as_str(),
                    roles.collect::<Vec<_>>().join(" ")
                )
            })
            .collect();
        assert_eq!(
            table,
            [
                "INVALID_INPUT: portal call-center operator",
                "IDENTITY_NOT_CONFIRMED: call-center operator",
                "NO_HIT: portal call-center operator",
                "THIN_FILE: ",
                "FILE_FROZEN: portal call-center operator",
                "VICTIM_ALERT: call-center operator",
                "SSN_MISMATCH: operator",
                "DECEASED: ",
                "MINOR: ",
                "ALREADY_ENROLLED: ",
                "PRODUCT_CONFIG: operator",
                "OTHER: operator",
            ]
        );
    }

    #[test]
    fn only_what_asks_for_something_is_outdated_by_another_order() {
        for decision in DECISIONS {
            let asks = matches!(decision, Decision::ActionRequired(_) | Decision::Refused(_));
            assert_eq!(is_outdated(2, 1, decision), asks, "{decision:?}");
            assert!(!is_outdated(2, 2, decision));
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
