//! Partners that are called by a REST API of their own, and how it is called.

use super::blueprint::{Blueprint, instant, int, maybe, otherwise, text, uuid};
use super::change::{Change, Remade};

pub(super) fn changes() -> Vec<Change> {
    vec![Change::Remake(vec![Remade {
        table: partner(),
        values: &[("http_layout", "NULL")],
    }])]
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
            maybe(text("http_layout")),
        ],
    )
    .unique(&["name"])
    .one_of("mode", &["PUSH", "PULL", "FILE", "HTTP"])
    .one_of("state", &["ACTIVE", "PAUSED"])
    .check("endpoint", "mode <> 'PUSH' OR endpoint IS NOT NULL")
    .check("layout", "mode <> 'FILE' OR file_layout IS NOT NULL")
    .check(
        "http_layout",
        "mode <> 'HTTP' OR (http_layout IS NOT NULL AND endpoint IS NOT NULL)",
    )
    .check("flight", "max_in_flight > 0")
}
