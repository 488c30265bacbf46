//! Codes and what they are redeemed for.

use crate::db::migrations::blueprint::{
    Blueprint, boolean, instant, int, maybe, otherwise, text, uuid,
};

pub(super) fn tables() -> Vec<Blueprint> {
    vec![code(), enrollment(), consent()]
}

/// A letter code, known by its keyed hash only: the primary key, so that bulk loads in its order are fast.
fn code() -> Blueprint {
    Blueprint::table(
        "code",
        &["campaign_id", "mac"],
        [
            uuid("campaign_id"),
            uuid("mac"),
            uuid("individual_id"),
            uuid("batch_id"),
            int("generation"),
            text("state"),
            maybe(instant("settled_at")),
            maybe(uuid("enrollment_id")),
            otherwise(int("proof_days"), 21),
            maybe(uuid("supersedes")),
            maybe(boolean("withheld")),
        ],
    )
    .one_of("state", &["ISSUED", "REDEEMED", "SUPERSEDED", "REVOKED"])
    .check("settled", "(state = 'ISSUED') = (settled_at IS NULL)")
    .check(
        "redeemed",
        "(state = 'REDEEMED') = (enrollment_id IS NOT NULL)",
    )
    // Revoked before its batch was first exported: it got no letter.
    .check(
        "withheld",
        "withheld IS NULL OR (withheld AND state = 'REVOKED')",
    )
    .index(&["campaign_id", "individual_id"])
    .clustered()
}

/// One person's way to the bureau. At most one is alive for a person.
fn enrollment() -> Blueprint {
    Blueprint::table(
        "enrollment",
        &["campaign_id", "id"],
        [
            uuid("campaign_id"),
            uuid("id"),
            uuid("individual_id"),
            text("state"),
            maybe(uuid("code_mac")),
            maybe(uuid("verification_id")),
            maybe(uuid("handoff_id")),
            maybe(instant("proof_expires_at")),
            maybe(text("product_code")),
            maybe(uuid("partner_id")),
            text("started_by"),
            text("channel"),
            instant("started_at"),
            maybe(instant("submitted_at")),
            maybe(instant("activated_at")),
            maybe(text("term_ends_on")),
            maybe(text("outcome_class")),
            maybe(instant("settled_at")),
            instant("complete_by_at"),
        ],
    )
    .one_of(
        "state",
        &["STARTED", "SUBMITTED", "ACTIVE", "ACTION_REQUIRED", "REFUSED", "ENDED", "CANCELED"],
    )
    .check("verified", "state IN ('STARTED', 'CANCELED') OR verification_id IS NOT NULL")
    .check("submitted", "state IN ('STARTED', 'CANCELED') OR submitted_at IS NOT NULL")
    .check(
        "active",
        "state NOT IN ('ACTIVE', 'ENDED') OR (activated_at IS NOT NULL AND term_ends_on IS NOT NULL)",
    )
    .check("settled", "(state IN ('REFUSED', 'ENDED', 'CANCELED')) = (settled_at IS NOT NULL)")
    .unique_where(
        &["campaign_id", "individual_id"],
        "state IN ('STARTED', 'SUBMITTED', 'ACTIVE', 'ACTION_REQUIRED')",
    )
    .index(&["campaign_id", "state", "id"])
}

fn consent() -> Blueprint {
    Blueprint::table(
        "consent",
        &["campaign_id", "enrollment_id"],
        [
            uuid("campaign_id"),
            uuid("enrollment_id"),
            text("version"),
            text("text_sha256"),
            text("locale"),
            text("channel"),
            text("given_by"),
            instant("given_at"),
        ],
    )
    .references(
        &["campaign_id", "enrollment_id"],
        "enrollment",
        &["campaign_id", "id"],
    )
}
