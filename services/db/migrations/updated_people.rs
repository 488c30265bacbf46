//! Handoffs that tell a partner the new data of somebody whose monitoring runs.
//!
//! A program that does not know it reads `UPDATE_PERSON` as no kind of a handoff at all, so none runs on.

use super::blueprint::{Blueprint, bigint, instant, int, maybe, otherwise, text, uuid};
use super::change::{Change, Remade};

pub(super) fn changes() -> Vec<Change> {
    let kept = |table| Remade { table, values: &[] };
    vec![
        Change::Remake(vec![
            kept(handoff()),
            kept(super::baseline::handoff::handoff_attempt()),
            kept(outcome()),
            kept(resubmission()),
        ]),
        // The name by the rule belongs to the index over a partner's handoffs of all campaigns.
        Change::Run(
            "CREATE INDEX handoff_queue_idx ON handoff (campaign_id, partner_id, state, not_before, id)",
        ),
    ]
}

/// One thing to tell one partner. The unique constraint is the guard against doubles: a coverage is extended to a term once, and everything
/// else is asked of it once.
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
            otherwise(instant("updated_at"), 0_i64),
            otherwise(instant("ordered_at"), 0_i64),
            otherwise(int("tries"), 0_i32),
            otherwise(int("failures"), 0_i32),
            maybe(instant("reported_at")),
            maybe(text("cancel_reason")),
            otherwise(int("extends_to_months"), 0_i32),
        ],
    )
    .unique(&["campaign_id", "coverage_id", "kind", "extends_to_months"])
    .one_of("kind", &["ENROLL", "CANCEL", "EXTEND", "RESTORE", "UPDATE_PERSON"])
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
    // Cancellations that were queued before there were reasons have none.
    .check(
        "cancel_reason",
        "cancel_reason IS NULL OR (kind = 'CANCEL' AND cancel_reason IN ('WITHDRAWN', 'MOVED', 'TERM_OVER'))",
    )
    .check(
        "extends",
        "extends_to_months = CASE WHEN kind = 'EXTEND' THEN term_months ELSE 0 END",
    )
    .index(&["partner_id", "state", "not_before", "id"])
    // Asked once for every enrollment that is due: does the person have a cancellation under way? Few rows fit.
    .index_where(
        &["campaign_id", "individual_id", "id"],
        "kind = 'CANCEL' AND state IN ('QUEUED', 'LEASED', 'UNSETTLED', 'ACCEPTED')",
    )
    // Partners name handoffs by id alone.
    .index(&["partner_id", "id"])
}

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
            otherwise(int("order_attempt"), 1),
            maybe(instant("set_aside_at")),
            maybe(text("set_aside_reason")),
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

fn resubmission() -> Blueprint {
    Blueprint::table(
        "resubmission",
        &["campaign_id", "handoff_id"],
        [
            uuid("campaign_id"),
            uuid("handoff_id"),
            int("order_attempt"),
            maybe(text("trace_context")),
            instant("created_at"),
            maybe(instant("set_aside_at")),
            maybe(text("set_aside_reason")),
        ],
    )
    .check("attempt", "order_attempt > 1")
    .references(
        &["campaign_id", "handoff_id"],
        "handoff",
        &["campaign_id", "id"],
    )
}
