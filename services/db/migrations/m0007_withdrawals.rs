//! Who still has a withdrawal under way: an enrollment of theirs waits for it.

use super::blueprint::LateIndex;

/// Asked once for every enrollment that is due, and few rows fit: whoever is through leaves the index.
pub(super) fn indexes() -> Vec<LateIndex> {
    vec![LateIndex {
        table: "handoff",
        columns: &["campaign_id", "individual_id", "id"],
        rule: "kind = 'CANCEL' AND state IN ('QUEUED', 'LEASED', 'UNSETTLED', 'ACCEPTED')",
    }]
}
