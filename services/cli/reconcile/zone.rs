//! The time zone of a campaign.

use jiff::tz::TimeZone;

use crate::client::problem::Problem;

/// Finds a zone by its name.
pub(super) fn named(name: &str) -> Result<TimeZone, Problem> {
    TimeZone::get(name).map_err(|_| {
        Problem::usage(format!(
            "the campaign's time zone is not known here: {name}"
        ))
    })
}
