//! Handoffs of coverages, and outcomes with the partner's own code and revision.

use crate::db::migrations::baseline;
use crate::db::migrations::blueprint::{Blueprint, bigint, instant, int, maybe, text, uuid};
use crate::db::migrations::change::{Change, Remade};

/// Before there were coverages an enrollment had one handoff of each kind.
const COVERAGE: (&str, &str) = (
    "coverage_id",
    "(SELECT c.id FROM coverage c WHERE c.campaign_id = handoff_before.campaign_id \
     AND c.enrollment_id = handoff_before.enrollment_id)",
);

pub(super) fn changes() -> Vec<Change> {
    vec![Change::Remake(vec![
        Remade {
            table: handoff(),
            values: &[
                COVERAGE,
                ("contract_code", "NULL"),
                ("order_attempt", "1"),
                ("native_code", "NULL"),
                ("revision", "0"),
            ],
        },
        Remade {
            table: baseline::handoff::handoff_attempt(),
            values: &[],
        },
        Remade {
            table: outcome(),
            values: &[
                (
                    "coverage_id",
                    "(SELECT c.id FROM coverage c WHERE c.campaign_id = outcome_before.campaign_id \
                     AND c.enrollment_id = outcome_before.enrollment_id)",
                ),
                ("native_code", "NULL"),
                ("revision", "0"),
                ("term_ends_on", "NULL"),
            ],
        },
    ])]
}

/// One thing to tell one partner. The unique constraint is the guard against doubles; the lease only saves work.
fn handoff() -> Blueprint {
    Blueprint::table(
        "handoff",
        &["campaign_id", "id"],
        vec![
            uuid("campaign_id"),
            uuid("id"),
            uuid("enrollment_id"),
            uuid("coverage_id"),
            uuid("individual_id"),
            uuid("partner_id"),
            text("kind"),
            text("product_code"),
            int("term_months"),
            maybe(text("contract_code")),
            int("order_attempt"),
            text("state"),
            int("attempts"),
            instant("not_before"),
            maybe(text("lease_owner")),
            maybe(uuid("lease_token")),
            maybe(instant("lease_expires_at")),
            maybe(text("trace_context")),
            maybe(text("partner_reference")),
            maybe(text("outcome_class")),
            maybe(text("native_code")),
            bigint("revision"),
            maybe(text("dead_reason")),
            instant("created_at"),
            maybe(instant("sent_at")),
            maybe(instant("acknowledged_at")),
            maybe(instant("settled_at")),
        ],
    )
    .unique(&["campaign_id", "coverage_id", "kind"])
    .one_of("kind", &["ENROLL", "CANCEL"])
    .one_of(
        "state",
        &[
            "QUEUED",
            "LEASED",
            "UNSETTLED",
            "ACCEPTED",
            "ACTIVE",
            "ACTION_REQUIRED",
            "REFUSED",
            "SUSPENDED",
            "ENDED",
            "CANCELED",
            "DEAD",
        ],
    )
    .check(
        "leased",
        "state <> 'LEASED' OR (lease_owner IS NOT NULL AND lease_token IS NOT NULL AND lease_expires_at IS NOT NULL)",
    )
    .check("acknowledged", "state <> 'ACCEPTED' OR acknowledged_at IS NOT NULL")
    .check(
        "settled",
        "state NOT IN ('ACTIVE', 'REFUSED', 'SUSPENDED', 'ENDED', 'CANCELED') OR settled_at IS NOT NULL",
    )
    .check("dead", "(state = 'DEAD') = (dead_reason IS NOT NULL)")
    .check("attempts", "attempts >= 0 AND order_attempt > 0")
    .index(&["partner_id", "state", "not_before", "id"])
    // Asked once for every enrollment that is due: does the person have a cancellation under way? Few rows fit.
    .index_where(
        &["campaign_id", "individual_id", "id"],
        "kind = 'CANCEL' AND state IN ('QUEUED', 'LEASED', 'UNSETTLED', 'ACCEPTED')",
    )
    // Partners name handoffs by id alone.
    .index(&["partner_id", "id"])
}

/// The way back: written with the handoff's settling, taken away with the coverage's change.
fn outcome() -> Blueprint {
    Blueprint::table(
        "outcome",
        &["campaign_id", "id"],
        [
            uuid("campaign_id"),
            uuid("id"),
            uuid("enrollment_id"),
            uuid("coverage_id"),
            uuid("handoff_id"),
            text("result"),
            maybe(text("outcome_class")),
            maybe(text("native_code")),
            bigint("revision"),
            instant("effective_at"),
            maybe(text("term_ends_on")),
            instant("created_at"),
        ],
    )
    .one_of(
        "result",
        &[
            "ACTIVE",
            "ACTION_REQUIRED",
            "REFUSED",
            "SUSPENDED",
            "ENDED",
            "CANCELED",
        ],
    )
    .references(
        &["campaign_id", "handoff_id"],
        "handoff",
        &["campaign_id", "id"],
    )
}
