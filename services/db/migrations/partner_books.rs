//! What is kept to prove what a partner had and what it may bill: a manifest a day, and its invoices with what they came to. And which
//! fields of a person were changed for it.

use super::blueprint::{Blueprint, bigint, instant, int, maybe, text, uuid};
use super::change::Change;

pub(super) fn changes() -> Vec<Change> {
    vec![
        Change::Make(manifest()),
        Change::Make(invoice_check()),
        Change::Make(invoice_line()),
        Change::Make(handoff_projection()),
    ]
}

/// Written once a day, never changed.
fn manifest() -> Blueprint {
    Blueprint::table(
        "manifest",
        &["campaign_id", "partner_id", "day"],
        [
            uuid("campaign_id"),
            uuid("partner_id"),
            text("day"),
            instant("as_of_at"),
            text("states"),
        ],
    )
}

fn invoice_check() -> Blueprint {
    Blueprint::table(
        "invoice_check",
        &["campaign_id", "id"],
        [
            uuid("campaign_id"),
            uuid("id"),
            uuid("partner_id"),
            text("invoice_number"),
            text("first_on"),
            text("last_on"),
            maybe(text("currency")),
            text("state"),
            bigint("lines"),
            text("sums"),
            maybe(text("content_sha256")),
            text("started_by"),
            instant("started_at"),
            maybe(instant("finished_at")),
        ],
    )
    .one_of("state", &["INCOMPLETE", "CHECKED", "REPLACED"])
    .check(
        "checked",
        "(state = 'INCOMPLETE') = (finished_at IS NULL) AND (finished_at IS NULL) = (content_sha256 IS NULL)",
    )
    .check("period", "first_on <= last_on")
    .unique_where(
        &["campaign_id", "partner_id", "invoice_number"],
        "state = 'CHECKED'",
    )
    .index(&["campaign_id", "partner_id", "id"])
}

/// Loaded in bulk, judged by one statement. What was not billed stands behind the invoice's own lines.
fn invoice_line() -> Blueprint {
    Blueprint::table(
        "invoice_line",
        &["campaign_id", "invoice_check_id", "position"],
        [
            uuid("campaign_id"),
            uuid("invoice_check_id"),
            bigint("position"),
            maybe(uuid("handoff_id")),
            maybe(text("partner_reference")),
            maybe(text("product_code")),
            maybe(bigint("amount_minor")),
            maybe(text("verdict")),
            maybe(text("reason")),
            maybe(instant("activated_at")),
            maybe(instant("ended_at")),
            maybe(bigint("first_position")),
            maybe(text("other_invoice")),
        ],
    )
    .one_of("verdict", &["PAYABLE", "NOT_PAYABLE", "NOT_BILLED"])
    .one_of(
        "reason",
        &[
            "UNKNOWN_REFERENCE",
            "OTHER_PARTNER",
            "OTHER_CAMPAIGN",
            "REFERENCES_DISAGREE",
            "PRODUCT_DIFFERS",
            "NEVER_ACTIVE",
            "ACTIVATED_AFTER",
            "CANCELED_BEFORE",
            "ENDED_BEFORE",
            "SUSPENDED",
            "BILLED_TWICE",
            "BILLED_BEFORE",
        ],
    )
    .check(
        "named",
        "handoff_id IS NOT NULL OR partner_reference IS NOT NULL",
    )
    .check("judged", "(verdict = 'NOT_PAYABLE') = (reason IS NOT NULL)")
    .check("amount", "amount_minor >= 0")
    .index(&["campaign_id", "invoice_check_id", "handoff_id"])
    .clustered()
}

/// Written over with each attempt that changes something, so that it tells of the newest one if its number does.
fn handoff_projection() -> Blueprint {
    Blueprint::table(
        "handoff_projection",
        &["campaign_id", "handoff_id"],
        [
            uuid("campaign_id"),
            uuid("handoff_id"),
            int("attempts"),
            text("changes"),
        ],
    )
}
