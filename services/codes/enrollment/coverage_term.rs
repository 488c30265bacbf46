//! The term of a coverage: when it begins and ends by what its partner reports, and what it was promised beyond that.

use jiff::civil::Date;

use crate::codes::campaign::campaign_cache::CachedCampaign;
use crate::codes::campaign::term;
use crate::codes::error::Error;
use crate::db;
use crate::db::entities::coverage::{Model as Coverage, State};
use crate::db::entities::outcome::Model as Outcome;
use crate::kernel::clock::Timestamp;

use super::coverage::is_over;

/// Gives a coverage as it stands after an outcome. The term runs from its activation, in the campaign's zone, and a pause moves its
/// last day, unless the partner says when it ends.
pub fn after(
    campaign: &CachedCampaign,
    before: Coverage,
    outcome: &Outcome,
    (state, now): (State, Timestamp),
) -> Result<Coverage, Error> {
    let starts = state == State::Active
        && (before.activated_at.is_none() || before.state != State::Suspended);
    let ends_without_start = state == State::Ended && before.activated_at.is_none();
    let mut after = Coverage {
        state,
        outcome_class: outcome.outcome_class,
        native_code: outcome.native_code.clone(),
        revision: outcome.revision.max(before.revision),
        settled_at: is_over(state).then_some(now),
        ..before
    };
    if starts || ends_without_start {
        let at = outcome.effective_at;
        let day = term::term_ends_on(at, &campaign.zone, after.term_months)
            .map_err(|_| db::Error::corrupt("outcome.effective_at"))?;
        after.activated_at = Some(at);
        after.term_ends_on = Some(day.to_string());
    }
    let at = outcome.effective_at;
    after.suspended_at = match state {
        State::Suspended if after.activated_at.is_some() => Some(after.suspended_at.unwrap_or(at)),
        State::Active => {
            if let (Some(since), Some(day)) = (after.suspended_at, &after.term_ends_on) {
                let moved = term::moved_by_pause(day, (since, at), &campaign.zone);
                let moved = moved.map_err(|_| db::Error::corrupt("coverage.term_ends_on"))?;
                after.term_ends_on = Some(moved.to_string());
            }
            None
        }
        _ => None,
    };
    if let Some(day) = &outcome.term_ends_on {
        after.term_ends_on = Some(promised_day(&after, day)?);
    }
    Ok(after)
}

/// Gives the last day that was promised, where the partner counts the term that it gives.
pub fn promised_day(coverage: &Coverage, day: &str) -> Result<String, Error> {
    let given = coverage.asked_term_months.unwrap_or(coverage.term_months);
    let moved = term::moved_by_months(day, coverage.term_months - given);
    let moved = moved.map_err(|_| db::Error::corrupt("outcome.term_ends_on"))?;
    Ok(moved.to_string())
}

/// Tells whether a coverage ended because its last day had passed: whatever its partner reports later, it is over.
pub fn is_term_over(campaign: &CachedCampaign, coverage: &Coverage) -> bool {
    let settled = coverage.settled_at;
    let settled = settled.and_then(|at| at.date_in(&campaign.zone).ok());
    let last_day = coverage.term_ends_on.as_ref();
    let last_day = last_day.and_then(|day| day.parse::<Date>().ok());
    coverage.state == State::Ended
        && last_day
            .zip(settled)
            .is_some_and(|(last, settled)| last < settled)
}
