//! What a partner's own words mean, as an operator's layout says it.

use sea_orm::Iterable as _;

use crate::db::entities::ClosedSet as _;
use crate::db::entities::outcome::OutcomeClass;
use crate::handoff::queue::state::Fact;

/// What a partner's word for a status means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The partner reports it.
    Fact(Fact),
    /// The partner did not take it, for a reason of its own: it is sent again.
    SendAgain,
}

/// Finds an outcome class by its name.
pub fn class(name: &str) -> Option<OutcomeClass> {
    OutcomeClass::iter().find(|class| class.as_str() == name)
}

/// Reads `REFUSED` or `REFUSED NO_HIT`. The class of the code goes first, then the one that stands there, then OTHER.
pub fn meaning(means: &str, of_code: Option<OutcomeClass>) -> Option<Meaning> {
    let (word, named) = match means.split_once(' ') {
        Some((word, named)) => (word, Some(class(named)?)),
        None => (means, None),
    };
    let why = of_code.or(named).unwrap_or(OutcomeClass::Other);
    let fact = match (word, named) {
        ("ACTION_REQUIRED", _) => Fact::ActionRequired(why),
        ("REFUSED", _) => Fact::Refused(why),
        (_, Some(_)) => return None,
        ("ACCEPTED", _) => Fact::Accepted,
        ("ACTIVE", _) => Fact::Active,
        ("SUSPENDED", _) => Fact::Suspended,
        ("ENDED", _) => Fact::Ended,
        ("CANCELED", _) => Fact::Canceled,
        ("SEND_AGAIN", _) => return Some(Meaning::SendAgain),
        _ => return None,
    };
    Some(Meaning::Fact(fact))
}
