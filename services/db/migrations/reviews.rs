//! People who may be one person, for somebody to look at; and an index over those who will come of age.

use super::blueprint::{Blueprint, bigint, instant, int, maybe, otherwise, text, uuid};
use super::change::Change;

pub(super) fn changes() -> Vec<Change> {
    vec![
        Change::Make(review()),
        // The daily pass over the minors reads nobody else.
        Change::Run(
            "CREATE INDEX individual_minor_idx ON individual (campaign_id, id) WHERE population = 'MINOR'",
        ),
        Change::Add(
            "roster_import",
            vec![otherwise(bigint("for_review"), 0_i64)],
        ),
    ]
}

fn review() -> Blueprint {
    Blueprint::table(
        "review",
        &["campaign_id", "id"],
        [
            uuid("campaign_id"),
            uuid("id"),
            uuid("individual_id"),
            uuid("other_id"),
            text("state"),
            int("score"),
            text("waterfall"),
            uuid("import_id"),
            instant("opened_at"),
            maybe(instant("decided_at")),
            maybe(text("decided_by")),
            maybe(text("reason")),
            maybe(uuid("kept_id")),
            maybe(text("taken_over")),
        ],
    )
    .unique(&["campaign_id", "individual_id", "other_id"])
    .one_of("state", &["OPEN", "MERGED", "KEPT_APART"])
    .check(
        "decided",
        "(state = 'OPEN') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
    )
    .check(
        "merged",
        "(state = 'MERGED') = (kept_id IS NOT NULL) AND (kept_id IS NULL) = (taken_over IS NULL)",
    )
    .check("order", "other_id < individual_id")
    .index(&["campaign_id", "other_id"])
    .index(&["campaign_id", "state", "id"])
}
