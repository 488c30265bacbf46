//! Partners, what is handed to them, and what comes back.

use crate::db::migrations::blueprint::{Blueprint, instant, int, maybe, text, uuid};

pub(super) fn tables() -> Vec<Blueprint> {
    vec![partner(), handoff(), handoff_attempt(), outcome()]
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
        ],
    )
    .unique(&["name"])
    .one_of("mode", &["PUSH", "PULL"])
    .one_of("state", &["ACTIVE", "PAUSED"])
    .check("endpoint", "mode <> 'PUSH' OR endpoint IS NOT NULL")
    .check("flight", "max_in_flight > 0")
}

/// One thing to tell one partner. The unique constraint is the guard against doubles; the lease only saves work.
fn handoff() -> Blueprint {
    Blueprint::table(
        "handoff",
        &["campaign_id", "id"],
        [
            uuid("campaign_id"),
            uuid("id"),
            uuid("enrollment_id"),
            uuid("individual_id"),
            uuid("partner_id"),
            text("kind"),
            text("product_code"),
            int("term_months"),
            text("state"),
            int("attempts"),
            instant("not_before"),
            maybe(text("lease_owner")),
            maybe(uuid("lease_token")),
            maybe(instant("lease_expires_at")),
            maybe(text("trace_context")),
            maybe(text("partner_reference")),
            maybe(text("outcome_class")),
            maybe(text("dead_reason")),
            instant("created_at"),
            maybe(instant("sent_at")),
            maybe(instant("acknowledged_at")),
            maybe(instant("settled_at")),
        ],
    )
    .unique(&["campaign_id", "enrollment_id", "partner_id", "kind"])
    .one_of("kind", &["ENROLL", "CANCEL"])
    .one_of(
        "state",
        &["QUEUED", "LEASED", "UNSETTLED", "ACCEPTED", "ACTIVE", "ACTION_REQUIRED", "REFUSED", "CANCELED", "DEAD"],
    )
    .check(
        "leased",
        "state <> 'LEASED' OR (lease_owner IS NOT NULL AND lease_token IS NOT NULL AND lease_expires_at IS NOT NULL)",
    )
    .check("acknowledged", "state <> 'ACCEPTED' OR acknowledged_at IS NOT NULL")
    .check("settled", "state NOT IN ('ACTIVE', 'REFUSED', 'CANCELED') OR settled_at IS NOT NULL")
    .check("dead", "(state = 'DEAD') = (dead_reason IS NOT NULL)")
    .check("attempts", "attempts >= 0")
    .index(&["partner_id", "state", "not_before", "id"])
    // Asked once for every enrollment that is due: does the person have a withdrawal under way? Few rows fit.
    .index_where(
        &["campaign_id", "individual_id", "id"],
        "kind = 'CANCEL' AND state IN ('QUEUED', 'LEASED', 'UNSETTLED', 'ACCEPTED')",
    )
    // Partners name handoffs by id alone.
    .index(&["partner_id", "id"])
}

pub fn handoff_attempt() -> Blueprint {
    Blueprint::table(
        "handoff_attempt",
        &["campaign_id", "handoff_id", "attempt"],
        [
            uuid("campaign_id"),
            uuid("handoff_id"),
            int("attempt"),
            instant("started_at"),
            maybe(instant("ended_at")),
            text("result"),
            text("detail"),
        ],
    )
    .references(
        &["campaign_id", "handoff_id"],
        "handoff",
        &["campaign_id", "id"],
    )
}

/// The way back: written with the handoff's settling, taken away with the enrollment's change.
fn outcome() -> Blueprint {
    Blueprint::table(
        "outcome",
        &["campaign_id", "id"],
        [
            uuid("campaign_id"),
            uuid("id"),
            uuid("enrollment_id"),
            uuid("handoff_id"),
            text("result"),
            maybe(text("outcome_class")),
            instant("effective_at"),
            instant("created_at"),
        ],
    )
    .one_of(
        "result",
        &["ACTIVE", "ACTION_REQUIRED", "REFUSED", "CANCELED"],
    )
    .references(
        &["campaign_id", "handoff_id"],
        "handoff",
        &["campaign_id", "id"],
    )
}
