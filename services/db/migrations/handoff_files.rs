//! Partners that are reached by files: how their files look, and which files were written.

use super::blueprint::{Blueprint, instant, int, maybe, otherwise, text, uuid};
use super::change::{Change, Remade};

pub(super) fn changes() -> Vec<Change> {
    vec![
        Change::Remake(vec![Remade {
            table: partner(),
            values: &[("file_layout", "NULL")],
        }]),
        Change::Make(handoff_file()),
    ]
}

fn partner() -> Blueprint {
    Blueprint::table(
        "partner",
        &["id"],
        [
            uuid("id"),
            text("name"),
            text("mode"),
            maybe(text("endpoint")),
            text("state"),
            int("max_in_flight"),
            text("projection"),
            text("breaker"),
            instant("created_at"),
            maybe(text("server_uri")),
            maybe(instant("heard_at")),
            maybe(instant("throttled_until")),
            otherwise(text("paused_campaigns"), "[]"),
            maybe(text("file_layout")),
        ],
    )
    .unique(&["name"])
    .one_of("mode", &["PUSH", "PULL", "FILE"])
    .one_of("state", &["ACTIVE", "PAUSED"])
    .check("endpoint", "mode <> 'PUSH' OR endpoint IS NOT NULL")
    .check("layout", "mode <> 'FILE' OR file_layout IS NOT NULL")
    .check("flight", "max_in_flight > 0")
}

/// A file of orders: what it holds is leased by it until the partner answers. The number counts a queue's files without a gap.
fn handoff_file() -> Blueprint {
    Blueprint::table(
        "handoff_file",
        &["campaign_id", "id"],
        [
            uuid("campaign_id"),
            uuid("id"),
            uuid("partner_id"),
            int("number"),
            text("name"),
            text("state"),
            maybe(int("records")),
            maybe(text("sha256")),
            instant("created_at"),
            maybe(instant("sent_at")),
            maybe(instant("answer_by")),
            maybe(instant("closed_at")),
            maybe(text("lease_owner")),
            maybe(instant("lease_expires_at")),
        ],
    )
    .unique(&["campaign_id", "partner_id", "number"])
    .one_of("state", &["WRITING", "READY", "SENT", "CLOSED"])
    .check(
        "written",
        "state = 'WRITING' OR (records IS NOT NULL AND sha256 IS NOT NULL)",
    )
    .check(
        "sent",
        "(state IN ('SENT', 'CLOSED')) = (sent_at IS NOT NULL)",
    )
    .check("closed", "(state = 'CLOSED') = (closed_at IS NOT NULL)")
    .index(&["campaign_id", "partner_id", "state"])
    .index(&["partner_id", "name"])
}
