//! A partner's lists, and where they differ from our books.

use super::blueprint::{Blueprint, bigint, instant, maybe, text, uuid};
use super::change::Change;

/// How an enrollment stands at a partner, as its list says.
const PROGRESS: [&str; 7] = [
    "ACCEPTED",
    "ACTIVE",
    "ACTION_REQUIRED",
    "REFUSED",
    "SUSPENDED",
    "ENDED",
    "CANCELED",
];

pub(super) fn changes() -> Vec<Change> {
    vec![
        Change::Make(list()),
        Change::Make(entry()),
        Change::Make(difference()),
    ]
}

fn list() -> Blueprint {
    Blueprint::table(
        "reconciliation",
        &["campaign_id", "id"],
        [
            uuid("campaign_id"),
            uuid("id"),
            uuid("partner_id"),
            text("state"),
            instant("as_of_at"),
            bigint("entries"),
            bigint("agreed"),
            bigint("pending"),
            bigint("closed"),
            text("findings"),
            maybe(text("list_sha256")),
            text("started_by"),
            instant("started_at"),
            maybe(instant("finished_at")),
        ],
    )
    .one_of("state", &["INCOMPLETE", "COMPARED"])
    .check(
        "compared",
        "(state = 'COMPARED') = (finished_at IS NOT NULL) AND (finished_at IS NULL) = (list_sha256 IS NULL)",
    )
    .index(&["campaign_id", "partner_id", "id"])
}

/// Loaded in bulk, read once by its list.
fn entry() -> Blueprint {
    Blueprint::table(
        "reconciliation_entry",
        &["campaign_id", "reconciliation_id", "position"],
        [
            uuid("campaign_id"),
            uuid("reconciliation_id"),
            bigint("position"),
            uuid("id"),
            maybe(uuid("handoff_id")),
            maybe(text("partner_reference")),
            text("progress"),
            maybe(text("outcome_class")),
            bigint("revision"),
            maybe(instant("effective_at")),
        ],
    )
    .one_of("progress", &PROGRESS)
    .check(
        "named",
        "handoff_id IS NOT NULL OR partner_reference IS NOT NULL",
    )
    .index(&["campaign_id", "reconciliation_id", "handoff_id"])
    .clustered()
}

fn difference() -> Blueprint {
    Blueprint::table(
        "reconciliation_difference",
        &["campaign_id", "id"],
        [
            uuid("campaign_id"),
            uuid("id"),
            uuid("partner_id"),
            maybe(uuid("handoff_id")),
            maybe(text("partner_reference")),
            text("kind"),
            text("state"),
            text("action"),
            maybe(text("our_state")),
            maybe(text("their_progress")),
            maybe(text("their_class")),
            bigint("their_revision"),
            maybe(instant("their_effective_at")),
            instant("as_of_at"),
            instant("since_at"),
            instant("found_at"),
            uuid("reconciliation_id"),
            maybe(instant("repaired_at")),
            maybe(instant("closed_at")),
            maybe(text("closed_by")),
            maybe(text("close_reason")),
            maybe(text("close_note")),
        ],
    )
    .unique(&["campaign_id", "partner_id", "handoff_id"])
    .unique_where(
        &["campaign_id", "partner_id", "partner_reference"],
        "handoff_id IS NULL",
    )
    .one_of(
        "kind",
        &[
            "MISSING_THERE",
            "UNKNOWN_HERE",
            "UNEXPECTED_THERE",
            "STATES_DIFFER",
            "REFERENCES_DIFFER",
        ],
    )
    .one_of(
        "state",
        &["PENDING", "OPEN", "REPAIRED", "CLOSED", "RESOLVED"],
    )
    .one_of(
        "action",
        &[
            "REPLAY",
            "CORRECT_HERE",
            "CANCEL_THERE",
            "ASK_PERSON",
            "ASK_PARTNER",
            "WAIT",
        ],
    )
    .one_of(
        "close_reason",
        &[
            "CANCELED_THERE",
            "PARTNER_CORRECTS",
            "PERSON_DECIDED",
            "NOT_OURS",
            "LEFT_AS_IS",
            "OTHER",
        ],
    )
    .check(
        "named",
        "handoff_id IS NOT NULL OR partner_reference IS NOT NULL",
    )
    .check(
        "closed",
        "(closed_at IS NULL) = (closed_by IS NULL) AND (closed_at IS NULL) = (close_reason IS NULL) \
         AND (state <> 'CLOSED' OR closed_at IS NOT NULL) AND (state IN ('CLOSED', 'RESOLVED') OR closed_at IS NULL)",
    )
    .index_where(&["campaign_id", "partner_id", "kind"], "state = 'OPEN'")
    .index(&["campaign_id", "state", "id"])
}
