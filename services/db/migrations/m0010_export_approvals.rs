//! A second operator's consent to an export of codes, for campaigns that ask for one.

use super::blueprint::{Blueprint, instant, maybe, text, uuid};

/// Whether it is live follows from its instants; nothing has to be written when one passes.
pub(super) fn tables() -> Vec<Blueprint> {
    vec![
        Blueprint::table(
            "export_approval",
            &["campaign_id", "id"],
            [
                uuid("campaign_id"),
                uuid("id"),
                uuid("batch_id"),
                text("requested_by"),
                instant("requested_at"),
                maybe(text("approved_by")),
                maybe(instant("approved_at")),
                instant("expires_at"),
            ],
        )
        .check("approved", "(approved_by IS NULL) = (approved_at IS NULL)")
        .check("second_person", "approved_by <> requested_by")
        .index(&["campaign_id", "batch_id"])
        .references(
            &["campaign_id", "batch_id"],
            "code_batch",
            &["campaign_id", "id"],
        ),
    ]
}
