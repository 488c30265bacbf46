//! Activation codes that partners issue themselves: a pool for each campaign and partner.

use crate::db::migrations::blueprint::{Blueprint, bytes, instant, int, maybe, text, uuid};

pub(super) fn tables() -> Vec<Blueprint> {
    vec![activation_pool(), activation_code()]
}

/// `low_since` and `empty_since` are set when the operator was told, so that it happens once.
fn activation_pool() -> Blueprint {
    Blueprint::table(
        "activation_pool",
        &["campaign_id", "partner_id"],
        [
            uuid("campaign_id"),
            uuid("partner_id"),
            int("low_water"),
            maybe(instant("low_since")),
            maybe(instant("empty_since")),
            instant("created_at"),
        ],
    )
    .check("low_water", "low_water >= 0")
}

/// The key is a keyed hash of the code, which finds a duplicate without the code. The unique index gives a handoff one code.
fn activation_code() -> Blueprint {
    Blueprint::table(
        "activation_code",
        &["campaign_id", "partner_id", "mac"],
        [
            uuid("campaign_id"),
            uuid("partner_id"),
            uuid("mac"),
            bytes("sealed"),
            text("state"),
            maybe(uuid("handoff_id")),
            instant("imported_at"),
            maybe(instant("assigned_at")),
        ],
    )
    .one_of("state", &["AVAILABLE", "ASSIGNED"])
    .check(
        "assigned",
        "(state = 'ASSIGNED') = (handoff_id IS NOT NULL) AND (state = 'ASSIGNED') = (assigned_at IS NOT NULL)",
    )
    .references(
        &["campaign_id", "partner_id"],
        "activation_pool",
        &["campaign_id", "partner_id"],
    )
    .unique_where(&["campaign_id", "handoff_id"], "handoff_id IS NOT NULL")
    .index(&["campaign_id", "partner_id", "state", "mac"])
}
