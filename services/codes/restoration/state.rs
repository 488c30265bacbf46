//! The life of a restoration, as a pure machine.

use crate::db::entities::outcome::Decision;
use crate::db::entities::restoration::State;

/// Gives the state after what the partner decided; none where that does not fit. The handoff process has ruled out what contradicts an
/// earlier report. CLOSED is left only by a correction: what the partner reports under a higher revision than was known.
pub fn decided(state: State, decision: Decision, is_correction: bool) -> Option<State> {
    let to = match decision {
        // A case that rests is still one.
        Decision::Active | Decision::Suspended => State::Open,
        Decision::ActionRequired(_) => State::ActionRequired,
        Decision::Refused(_) => State::Refused,
        Decision::Ended | Decision::Canceled => State::Closed,
    };
    let fits = match state {
        State::Requested | State::Open | State::ActionRequired | State::Refused => true,
        State::Closed => is_correction,
    };
    fits.then_some(to)
}

/// Tells whether a restoration has come to its end.
pub const fn is_over(state: State) -> bool {
    matches!(state, State::Refused | State::Closed)
}

#[cfg(test)]
mod tests {
    use sea_orm::Iterable;

    use super::*;
    use crate::db::entities::ClosedSet as _;
    use crate::db::entities::outcome::OutcomeClass::NoHit;

    fn table(is_correction: bool) -> Vec<String> {
        let decisions = [
            Decision::Active,
            Decision::ActionRequired(NoHit),
            Decision::Refused(NoHit),
            Decision::Suspended,
            Decision::Ended,
            Decision::Canceled,
        ];
        let row = |state: State| {
            let next = decisions.map(|it| decided(state, it, is_correction));
            let next = next.map(|to| to.map_or("-", State::as_str));
            format!("{}: {}", state.as_str(), next.join(" "))
        };
        State::iter().map(row).collect()
    }

    #[test]
    fn the_whole_table_is_this() {
        let all = "OPEN ACTION_REQUIRED REFUSED OPEN CLOSED CLOSED";
        assert_eq!(
            table(false),
            [
                &format!("REQUESTED: {all}"),
                &format!("OPEN: {all}"),
                &format!("ACTION_REQUIRED: {all}"),
                &format!("REFUSED: {all}"),
                "CLOSED: - - - - - -",
            ]
        );
        assert!(table(true).iter().all(|row| row.ends_with(all)));
    }
}
