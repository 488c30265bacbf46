//! Since when a partner has stopped a coverage, for a pause moves the last day of its term; and coverages that move to another partner: which
//! one a coverage takes the place of, and products that are not ordered any more.
//!
//! A program that does not know it ends a coverage that is stopped on a day that is not its last, and goes on ordering from a partner that the
//! campaign has left, so none runs on.

use super::blueprint::{instant, maybe, uuid};
use super::change::Change;

pub(super) fn changes() -> Vec<Change> {
    vec![
        Change::Run(
            "ALTER TABLE coverage ADD COLUMN suspended_at BIGINT CONSTRAINT coverage_suspended_check \
                 CHECK (suspended_at IS NULL OR state = 'SUSPENDED')",
        ),
        Change::Add("coverage", vec![maybe(uuid("replaces_coverage_id"))]),
        Change::Add("product", vec![maybe(instant("retired_at"))]),
        // One coverage takes the place of another one, however often a move is asked for.
        Change::Run(
            "CREATE UNIQUE INDEX coverage_replaces_coverage_id_key ON coverage (campaign_id, replaces_coverage_id) \
                 WHERE replaces_coverage_id IS NOT NULL",
        ),
    ]
}
