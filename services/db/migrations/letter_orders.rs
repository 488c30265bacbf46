//! Letters that people who lost theirs have ordered: `identity-verification` adds, `enrollment-codes` takes away.

use super::blueprint::{Blueprint, boolean, instant, text, uuid};
use super::change::Change;

pub(super) fn changes() -> Vec<Change> {
    vec![Change::Make(
        Blueprint::table(
            "letter_order",
            &["campaign_id", "individual_id"],
            [
                uuid("campaign_id"),
                uuid("individual_id"),
                uuid("verification_id"),
                boolean("attended"),
                text("ordered_by"),
                instant("ordered_at"),
            ],
        )
        .index(&["campaign_id", "ordered_at"]),
    )]
}
