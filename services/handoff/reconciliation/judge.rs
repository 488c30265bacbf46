//! What a pair of states, ours and the partner's, means. Pure.
//!
//! | Ours | Theirs | Difference | Action |
//! |---|---|---|---|
//! | the partner has it, by our books | not in the list | MISSING_THERE | REPLAY; ASK_PERSON where the person must act, ASK_PARTNER where it is suspended |
//! | queued and never sent | any | UNEXPECTED_THERE | CORRECT_HERE |
//! | queued and sent, leased, unsettled | any | STATES_DIFFER, pending | WAIT |
//! | being withdrawn | goes on | UNEXPECTED_THERE, pending | WAIT |
//! | withdrawn, and the cancellation given up on | goes on | UNEXPECTED_THERE | CANCEL_THERE |
//! | canceled or ended | goes on | UNEXPECTED_THERE | CANCEL_THERE |
//! | refused | goes on | UNEXPECTED_THERE | ASK_PARTNER |
//! | given up on | any | STATES_DIFFER | CORRECT_HERE |
//! | anything that the partner's state can follow | that | STATES_DIFFER | CORRECT_HERE |
//! | active | action required | STATES_DIFFER | ASK_PERSON |
//! | active, suspended | a state before it | STATES_DIFFER | ASK_PARTNER |
//! | action required | accepted | STATES_DIFFER, pending | WAIT: the partner works on it again |
//!
//! REFUSED, ENDED and CANCELED agree with each other: nothing runs on either side. A higher revision than the one that is known makes
//! CORRECT_HERE of what else only the partner could tell.

use serde::Serialize;
use strum::IntoStaticStr;

use crate::db::entities::reconciliation_difference::{Action, Kind};
use crate::db::entities::reconciliation_entry::Progress;

/// How an order stands on our side. The statement that compares gives it by the same names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sea_orm::EnumIter, IntoStaticStr, Serialize)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Standing {
    /// Queued, and never sent.
    NeverSent,
    /// Sent or being sent, without an answer yet.
    UnderWay,
    /// The person withdrew, and the cancellation is under way.
    Withdrawing,
    /// The person withdrew, and the cancellation was given up on.
    NotWithdrawn,
    /// The partner has it.
    Accepted,
    /// Monitoring runs.
    Active,
    /// Somebody must act first.
    ActionRequired,
    /// The partner refused.
    Refused,
    /// The partner has stopped it for a while.
    Suspended,
    /// The term is over.
    Ended,
    /// Canceled.
    Canceled,
    /// Given up on.
    Dead,
}

/// What a pair of states means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How the books differ.
    pub kind: Kind,
    /// What to do.
    pub action: Action,
    /// Whether something under way explains it.
    pub is_pending: bool,
}

#[expect(clippy::unnecessary_wraps, reason = "every arm below gives an Option")]
const fn finding(kind: Kind, action: Action) -> Option<Finding> {
    Some(Finding {
        kind,
        action,
        is_pending: false,
    })
}

#[expect(clippy::unnecessary_wraps, reason = "every arm below gives an Option")]
const fn pending(kind: Kind) -> Option<Finding> {
    Some(Finding {
        kind,
        action: Action::Wait,
        is_pending: true,
    })
}

/// Tells whether nothing runs at the partner.
pub const fn is_over(theirs: Progress) -> bool {
    matches!(
        theirs,
        Progress::Refused | Progress::Ended | Progress::Canceled
    )
}

/// Judges a pair of states; `None` for theirs where the list does not have the order. Nothing where both agree. `is_correction`: the
/// partner's revision is higher than the one that is known.
pub const fn judge(
    ours: Standing,
    theirs: Option<Progress>,
    is_correction: bool,
) -> Option<Finding> {
    match theirs {
        None => missing(ours),
        Some(theirs) => listed(ours, theirs, is_correction),
    }
}

const fn missing(ours: Standing) -> Option<Finding> {
    match ours {
        Standing::Accepted | Standing::Active => finding(Kind::MissingThere, Action::Replay),
        Standing::ActionRequired => finding(Kind::MissingThere, Action::AskPerson),
        Standing::Suspended => finding(Kind::MissingThere, Action::AskPartner),
        _ => None,
    }
}

const fn listed(ours: Standing, theirs: Progress, is_correction: bool) -> Option<Finding> {
    match (ours, theirs) {
        (Standing::NeverSent, _) => finding(Kind::UnexpectedThere, Action::CorrectHere),
        (Standing::UnderWay, _) | (Standing::ActionRequired, Progress::Accepted) => {
            pending(Kind::StatesDiffer)
        }
        (Standing::Accepted, Progress::Accepted)
        | (Standing::Active, Progress::Active)
        | (Standing::ActionRequired, Progress::ActionRequired)
        | (Standing::Suspended, Progress::Suspended) => None,
        (Standing::Suspended, Progress::Accepted) => {
            finding(Kind::StatesDiffer, Action::AskPartner)
        }
        (
            Standing::Dead | Standing::Accepted | Standing::ActionRequired | Standing::Suspended,
            _,
        )
        | (Standing::NotWithdrawn, Progress::Canceled | Progress::Ended)
        | (Standing::Active, Progress::Suspended | Progress::Ended | Progress::Canceled) => {
            finding(Kind::StatesDiffer, Action::CorrectHere)
        }
        (
            Standing::Withdrawing | Standing::Refused | Standing::Ended | Standing::Canceled,
            theirs,
        ) if is_over(theirs) => None,
        (Standing::Withdrawing, _) => pending(Kind::UnexpectedThere),
        (Standing::Active | Standing::Refused | Standing::Ended, theirs)
            if is_correction && !matches!(theirs, Progress::Accepted) =>
        {
            finding(Kind::StatesDiffer, Action::CorrectHere)
        }
        (Standing::Active, Progress::ActionRequired) => {
            finding(Kind::StatesDiffer, Action::AskPerson)
        }
        (Standing::Active | Standing::NotWithdrawn, Progress::Refused)
        | (Standing::Active, Progress::Accepted) => finding(Kind::StatesDiffer, Action::AskPartner),
        (Standing::Refused, _) => finding(Kind::UnexpectedThere, Action::AskPartner),
        (Standing::NotWithdrawn | Standing::Ended | Standing::Canceled, _) => {
            finding(Kind::UnexpectedThere, Action::CancelThere)
        }
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::Iterable;

    use super::*;
    use crate::db::entities::handoff::DeadReason;
    use crate::db::entities::outcome::OutcomeClass;
    use crate::handoff::queue::state::{Applied, Fact, State};

    const CLASS: OutcomeClass = OutcomeClass::Other;

    fn state(standing: Standing) -> Option<State> {
        Some(match standing {
            Standing::NeverSent => State::Queued,
            Standing::Accepted => State::Accepted,
            Standing::Active | Standing::NotWithdrawn => State::Active,
            Standing::ActionRequired => State::ActionRequired(CLASS),
            Standing::Refused => State::Refused(CLASS),
            Standing::Suspended => State::Suspended,
            Standing::Ended => State::Ended,
            Standing::Canceled => State::Canceled,
            Standing::Dead => State::Dead(DeadReason::AnswerNeverSeen),
            Standing::UnderWay | Standing::Withdrawing => return None,
        })
    }

    fn fact(theirs: Progress) -> Fact {
        match theirs {
            Progress::Accepted => Fact::Accepted,
            Progress::Active => Fact::Active,
            Progress::ActionRequired => Fact::ActionRequired(CLASS),
            Progress::Refused => Fact::Refused(CLASS),
            Progress::Suspended => Fact::Suspended,
            Progress::Ended => Fact::Ended,
            Progress::Canceled => Fact::Canceled,
        }
    }

    /// What is to be corrected here, the machine of handoffs takes as the partner's report.
    #[test]
    fn only_what_can_be_taken_is_to_be_corrected_here() {
        for ours in Standing::iter() {
            for theirs in Progress::iter() {
                for is_correction in [false, true] {
                    let judged = judge(ours, Some(theirs), is_correction);
                    let is_taken = judged.is_some_and(|it| it.action == Action::CorrectHere);
                    if !is_taken {
                        continue;
                    }
                    let applied = state(ours).unwrap().apply(fact(theirs), is_correction);
                    assert!(
                        matches!(applied, Applied::Moved(_)),
                        "{ours:?} {theirs:?}: {applied:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn who_is_over_here_and_goes_on_there_is_always_a_finding() {
        for ours in [
            Standing::NotWithdrawn,
            Standing::Refused,
            Standing::Ended,
            Standing::Canceled,
        ] {
            for theirs in Progress::iter() {
                let judged = judge(ours, Some(theirs), false);
                let is_finding = judged.is_some_and(|it| it.kind == Kind::UnexpectedThere);
                assert_eq!(is_finding, !is_over(theirs), "{ours:?} {theirs:?}");
            }
        }
    }

    #[test]
    fn what_is_pending_waits_and_nothing_else_does() {
        for ours in Standing::iter() {
            for theirs in Progress::iter().map(Some).chain([None]) {
                let Some(judged) = judge(ours, theirs, false) else {
                    continue;
                };
                assert_eq!(judged.is_pending, judged.action == Action::Wait);
                assert_eq!(judged.kind == Kind::MissingThere, theirs.is_none());
            }
        }
    }

    #[test]
    fn what_the_partner_should_have_and_lacks_is_sent_again() {
        let of = |ours| judge(ours, None, false).map(|it| it.action);
        assert_eq!(of(Standing::Accepted), Some(Action::Replay));
        assert_eq!(of(Standing::Active), Some(Action::Replay));
        for nothing in [
            Standing::NeverSent,
            Standing::UnderWay,
            Standing::Withdrawing,
            Standing::NotWithdrawn,
            Standing::Canceled,
            Standing::Dead,
        ] {
            assert_eq!(of(nothing), None, "{nothing:?}");
        }
    }
}
