//! Who has no letter and asks by themself, without an agent, learns nothing from us: whoever is on the list, whoever is not and whoever claims
//! to be somebody else have the same answers to all calls, until the digits come back that were sent to a contact known before. A page can
//! say: "If you are on the list, a code is on its way to a contact that we knew."
//!
//! Inside, the verification is what it is: a person may look at it, and operators see it. An agent, after the same claims, tells a caller
//! whether they are on the list (45 CFR 164.404(d)(2)(ii)).

use crate::db::entities::verification::{self, Path, State};
use crate::process::Call;

/// Tells whether a verification shows nothing but that it was asked for.
pub fn shows_nothing(row: &verification::Model) -> bool {
    let is_alone = row.path == Path::Lookup && !Call::has_agent(&row.requested_by);
    is_alone && row.state != State::Verified
}
