//! The identity side.

use crate::db::migrations::blueprint::{
    Blueprint, bigint, boolean, bytes, instant, int, maybe, otherwise, text, uuid,
};
use crate::db::migrations::change::{Change, Remade};

pub(super) fn changes() -> Vec<Change> {
    vec![
        Change::Add(
            "roster_import",
            vec![otherwise(bigint("durable_line"), 1_i64)],
        ),
        Change::Remake(vec![Remade {
            table: individual(),
            values: &[
                ("language", "locale"),
                ("confidential", "FALSE"),
                ("data_elements", "'[]'"),
            ],
        }]),
    ]
}

/// As in the baseline, with the person's language by its name, and with what was exposed.
fn individual() -> Blueprint {
    Blueprint::table(
        "individual",
        &["campaign_id", "id"],
        [
            uuid("campaign_id"),
            uuid("id"),
            maybe(bytes("salt")),
            maybe(bytes("sealed")),
            int("key_version"),
            text("population"),
            text("region"),
            text("country"),
            boolean("mailable"),
            boolean("has_contact"),
            instant("created_at"),
            maybe(instant("erased_at")),
            otherwise(text("language"), ""),
            otherwise(boolean("returned"), false),
            otherwise(boolean("confidential"), false),
            otherwise(text("data_elements"), "[]"),
        ],
    )
    .one_of("population", &["ADULT", "MINOR", "DECEASED"])
    .check(
        "erased",
        "(erased_at IS NULL) = (salt IS NOT NULL) AND (salt IS NULL) = (sealed IS NULL)",
    )
    // Undeliverable people are counted often, and few rows fit.
    .index_where(&["campaign_id", "id"], "NOT mailable")
}
