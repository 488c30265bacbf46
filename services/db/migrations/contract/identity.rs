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
        Change::Remake(vec![
            Remade {
                table: individual(),
                values: &[
                    ("language", "locale"),
                    ("confidential", "FALSE"),
                    ("data_elements", "'[]'"),
                ],
            },
            Remade {
                table: mail_event(),
                values: &[],
            },
        ]),
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

/// As in the baseline: it references a table that is made anew.
fn mail_event() -> Blueprint {
    Blueprint::table(
        "mail_event",
        &["campaign_id", "individual_id", "happened_on", "kind"],
        [
            uuid("campaign_id"),
            uuid("individual_id"),
            text("happened_on"),
            text("kind"),
            maybe(text("return_reason")),
            maybe(text("address_source")),
            maybe(uuid("address_mac")),
            text("recorded_by"),
            instant("recorded_at"),
        ],
    )
    .one_of(
        "kind",
        &["MAILED", "RETURNED", "ADDRESS_CORRECTED", "REMAILED"],
    )
    .check("returned", "(kind = 'RETURNED') = (return_reason IS NOT NULL)")
    .check(
        "corrected",
        "(kind = 'ADDRESS_CORRECTED') = (address_source IS NOT NULL) AND (address_source IS NULL) = (address_mac IS NULL)",
    )
    .references(
        &["campaign_id", "individual_id"],
        "individual",
        &["campaign_id", "id"],
    )
    .clustered()
}
